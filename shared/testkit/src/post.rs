//! One delivery of a webhook.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Sends `body` to `url`, and returns the answer's status. `named_host` replaces the URL's own.
pub(crate) async fn post(
    url: &str,
    named_host: Option<&str>,
    headers: &[(&str, String)],
    body: &str,
) -> Result<u16, String> {
    let uri: Uri = url.parse().map_err(|_| "the target's URL cannot be read".to_owned())?;
    let host = uri.host().ok_or("the target's URL has no host")?;
    // `*.localhost` is loopback by definition (RFC 6761), although not every resolver knows it.
    let address = if host.ends_with(".localhost") { "127.0.0.1" } else { host.trim_matches(['[', ']']) };
    let stream = TcpStream::connect((address, uri.port_u16().unwrap_or(80)));
    let stream = stream.await.map_err(|error| error.to_string())?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
    let authority = uri.authority().map_or(host, hyper::http::uri::Authority::as_str);
    let mut request = Request::post(uri.path_and_query().map_or("/", hyper::http::uri::PathAndQuery::as_str))
        .header(header::HOST, named_host.unwrap_or(authority))
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .map_err(|error| error.to_string())?;
    // The connection ends with the answer's head: its body is of no interest.
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(sender.send_request(request));
    tokio::select! {
        answer = &mut answer => answer,
        _ = &mut connection => answer.await,
    }
    .map(|answer| answer.status().as_u16())
    .map_err(|error| error.to_string())
}
