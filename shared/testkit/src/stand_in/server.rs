//! The HTTP server: accepts on loopback, hands requests to the API or to the control API.
//!
//! A body of more than [`BODY_BYTES_MAX`] is refused. The server can break a connection where a
//! fault asks for it, which is why it is not built on a framework.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, header};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::api::{self, ApiRequest, Outcome};
use super::control;
use super::shared::Shared;
use crate::answer_body::{AnswerBody, cut_response, json_response};

/// Far above any command or form.
const BODY_BYTES_MAX: usize = 1 << 20;
const CONTROL: &str = "/_control/";

/// Serves until the task is dropped, and every connection with it.
pub(crate) async fn run(shared: Arc<Shared>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        // A failed accept concerns one caller only.
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(Arc::clone(&shared), stream));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { respond(&shared, request).await }
    });
    // An error here is a broken connection: a fault's, or the caller's own.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(shared: &Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<AnswerBody>> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return Ok(json_response(413, b"{}".as_slice().into()));
    };
    let body = body.to_bytes();
    let path = parts.uri.path().to_owned();
    if let Some(name) = path.strip_prefix(CONTROL) {
        let (status, value) = control::answer(shared, &parts.method, name, &body);
        return Ok(json_response(status, value.to_string().into()));
    }
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let form = if parts.method == Method::POST { body.as_ref() } else { query };
    let parameters = form_urlencoded::parse(form).into_owned().collect();
    let request = ApiRequest { method: parts.method, path, parameters, headers: parts.headers };
    match api::answer(shared, request).await {
        Outcome::Answer(answer, replayed) => {
            let mut response = json_response(answer.status, answer.body.to_string().into());
            let headers = response.headers_mut();
            headers.insert("request-id", shared.request_id());
            if replayed {
                headers.insert("idempotent-replayed", header::HeaderValue::from_static("true"));
            }
            if let Some(seconds) = answer.retry_after_s {
                headers.insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
            }
            Ok(response)
        }
        Outcome::CutAnswer(answer) => Ok(cut_response(answer.status, &answer.body.to_string())),
        Outcome::Garbage => Ok(json_response(200, b"<html>".as_slice().into())),
        Outcome::Reset => Err(io::ErrorKind::ConnectionReset.into()),
        Outcome::Silence => {
            std::future::pending::<Result<_, Infallible>>().await.map_err(|never| match never {})
        }
    }
}
