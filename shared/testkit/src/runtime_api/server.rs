//! The four calls of the Runtime API over HTTP/1.1.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Instant;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::cost;
use super::shared::{Event, Idle, Outcome, Reply, Shared, Taken};
use crate::clock;

const PREFIX: &str = "/2018-06-01/runtime/";

/// Serves until the other end of `stopped` is dropped, and ends every connection then.
pub(super) async fn run(shared: Arc<Shared>, listener: TcpListener, stopped: oneshot::Receiver<()>) {
    tokio::select! {
        // The caller finds out by an event that is not answered.
        _ = accept(shared, listener) => {}
        _ = stopped => {}
    }
}

async fn accept(shared: Arc<Shared>, listener: TcpListener) -> io::Result<Infallible> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        connections.spawn(serve(Arc::clone(&shared), stream));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { respond(&shared, request).await }
    });
    // An error here is a function that was killed.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(shared: &Shared, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let segments: Vec<&str> = path.strip_prefix(PREFIX).unwrap_or_default().split('/').collect();
    match (request.method().clone(), segments.as_slice()) {
        (Method::GET, ["invocation", "next"]) => Ok(next(shared).await),
        (Method::POST, ["invocation", request_id, kind @ ("response" | "error")]) => {
            let body = request.into_body().collect().await?.to_bytes();
            let outcome = if *kind == "response" { Outcome::Response(body) } else { Outcome::Error(body) };
            Ok(status(settle(shared, request_id, outcome)))
        }
        (Method::POST, ["init", "error"]) => {
            let body = request.into_body().collect().await?.to_bytes();
            shared.state().init_errors.push(body);
            Ok(status(StatusCode::ACCEPTED))
        }
        _ => Ok(status(StatusCode::NOT_FOUND)),
    }
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// Records the function's cost, then waits for an event and hands it out.
async fn next(shared: &Shared) -> Response<Full<Bytes>> {
    let asked = Instant::now();
    let process = shared.state().process;
    if let Some((pid, started)) = process
        && let Some(cost) = cost::settled(pid)
    {
        let idle = Idle { pid, age: asked.saturating_duration_since(started), cost };
        shared.idles.send_modify(|idles| idles.push(idle));
    }
    loop {
        let event = shared.state().queue.pop_front();
        match event {
            Some(event) => return hand_out(shared, event),
            None => shared.pushed.notified().await,
        }
    }
}

fn hand_out(shared: &Shared, event: Event) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(event.body));
    let headers = response.headers_mut();
    let request_id = HeaderValue::from_str(&event.request_id).expect("the id is made of digits and dashes");
    headers.insert("lambda-runtime-aws-request-id", request_id);
    headers.insert("lambda-runtime-deadline-ms", HeaderValue::from(clock::unix_ms_in(event.timeout)));
    headers.insert(
        "lambda-runtime-invoked-function-arn",
        HeaderValue::from_static("arn:aws:lambda:us-east-1:000000000000:function:local"),
    );
    headers.insert(
        "lambda-runtime-trace-id",
        HeaderValue::from_static(
            "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0",
        ),
    );
    let taken = Taken { at: Instant::now(), reply: event.reply };
    shared.state().taken.insert(event.request_id, taken);
    response
}

fn settle(shared: &Shared, request_id: &str, outcome: Outcome) -> StatusCode {
    let Some(taken) = shared.state().taken.remove(request_id) else {
        // Answered before, or never handed out.
        return StatusCode::BAD_REQUEST;
    };
    // Nobody may wait for it: a caller that gave up is no fault of the function's.
    let _ = taken.reply.send(Reply { outcome, wall: taken.at.elapsed() });
    StatusCode::ACCEPTED
}
