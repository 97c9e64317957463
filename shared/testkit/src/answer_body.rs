//! Answers of a stand-in, which may break off where a fault asks for it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::{Response, header};

/// An answer of JSON.
pub(crate) fn json_response(status: u16, body: Bytes) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody { bytes: Some(body), cut: Cut::No });
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// A response that promises the whole body and ends in its middle.
pub(crate) fn cut_response(status: u16, body: &str) -> Response<AnswerBody> {
    let half = body.len().div_euclid(2);
    let mut response = json_response(status, Bytes::copy_from_slice(body.as_bytes()).slice(..half));
    response.body_mut().cut = Cut::AfterFlush;
    response.headers_mut().insert(header::CONTENT_LENGTH, header::HeaderValue::from(body.len()));
    response
}

/// A body in one piece, which may break off after it.
pub(crate) struct AnswerBody {
    bytes: Option<Bytes>,
    cut: Cut,
}

enum Cut {
    No,
    /// Gives hyper one turn to send what it has.
    AfterFlush,
    Due,
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match self.cut {
            Cut::No => Poll::Ready(None),
            Cut::AfterFlush => {
                self.cut = Cut::Due;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Cut::Due => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.cut, &self.bytes) {
            (Cut::No, Some(bytes)) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            (Cut::No, None) => SizeHint::with_exact(0),
            _ => SizeHint::default(),
        }
    }
}
