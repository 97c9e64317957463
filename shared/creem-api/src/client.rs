//! What all calls have in common.

use creem_events::CreemMode;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request};
use provider_http::Transport;
use serde_json::Value;

use crate::config::{CreemConfig, CreemConfigError, CreemKey};
use crate::error::CreemError;

/// Calls Creem with one key in one mode; a clone shares what was set up.
#[derive(Clone)]
pub struct CreemClient {
    transport: Transport,
    key: CreemKey,
    live: bool,
}

impl CreemClient {
    /// Sets up TLS; connects to nothing.
    pub fn new(config: &CreemConfig) -> Result<Self, CreemConfigError> {
        let transport = Transport::new(config.base()?, config.timeouts)?;
        Ok(Self { transport, key: config.key.clone(), live: config.live })
    }

    /// The same client with another key, for a key that was rotated.
    pub fn with_key(&self, key: CreemKey) -> Result<Self, CreemConfigError> {
        key.check_mode(self.live)?;
        Ok(Self { key, ..self.clone() })
    }

    /// A GET of an object by its id, or of a page.
    pub(crate) async fn get(&self, target: &str) -> Result<Bytes, CreemError> {
        self.call(self.request(Method::GET, target, String::new())).await
    }

    /// A POST of `body`.
    pub(crate) async fn post(&self, target: &str, body: &Value) -> Result<Bytes, CreemError> {
        let mut request = self.request(Method::POST, target, body.to_string());
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        self.call(request).await
    }

    /// Refuses an object of another mode than the client's; one without a mode, or with a word that nobody
    /// knows, is refused in live only.
    pub(crate) fn check_mode(&self, mode: Option<&CreemMode>) -> Result<(), CreemError> {
        let is_live = mode.and_then(CreemMode::is_live);
        if is_live == Some(self.live) || (is_live.is_none() && !self.live) {
            return Ok(());
        }
        Err(CreemError::Mode { mode: mode.map_or("none", CreemMode::as_str).to_owned() })
    }

    async fn call(&self, request: Request<Full<Bytes>>) -> Result<Bytes, CreemError> {
        let answer = self.transport.send(request).await?;
        if (200..300).contains(&answer.status) {
            Ok(answer.body)
        } else {
            Err(CreemError::of_answer(answer.status, &answer.headers, &answer.body))
        }
    }

    fn request(&self, method: Method, target: &str, body: String) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = method;
        *request.uri_mut() = target.parse().expect("a path with an encoded query is a target");
        let authority = HeaderValue::from_str(self.transport.authority());
        let headers = request.headers_mut();
        headers.insert(header::HOST, authority.expect("checked when the base URL was read"));
        headers.insert("x-api-key", self.key.header());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("makegood"));
        // One request to a connection: Creem need not keep it open.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        request
    }
}

/// `path` with these parameters.
pub(crate) fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    format!("{path}?{}", query.finish())
}

/// The text of an answer.
pub(crate) fn text(body: &Bytes) -> Result<&str, CreemError> {
    std::str::from_utf8(body).map_err(|_| CreemError::Unreadable { what: "expected UTF-8" })
}
