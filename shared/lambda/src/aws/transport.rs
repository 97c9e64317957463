//! The connections to AWS: hyper's HTTP/1.1 client over rustls. Connections are kept and used again.
//!
//! A request of an SDK client goes in, its answer comes out. A function is frozen between two invocations, so
//! that a kept connection may have ended unseen: a request that was not begun on one is sent on another by
//! hyper's pool, and one that may have reached the other side is an error, which the SDK tries again and the
//! conditions of the writes make harmless. Bounds: a TCP connection has the time that it is given, a kept
//! one is not used after [`IDLE_MAX`], an answer has at most [`ANSWER_BYTES_MAX`] bytes, and the SDK's time
//! for an attempt ends everything else.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::Limited;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::rt::TokioExecutor;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

mod algorithms;

/// DynamoDB's largest answer is a batch of 16 MB; the largest that is asked for here is a page of 1 MB.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// A connection that rested longer may have been given up by a load balancer without a word; most invocations
/// of a busy function come sooner, and a handshake costs less than a lost request.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(50);
/// Kept for each host: what the sweep, which asks the most at once, has in flight.
const IDLE_CONNECTIONS_MAX: usize = 8;

/// Where the connections are kept; clones share them.
#[derive(Clone)]
pub(super) struct Transport {
    client: Client<HttpsConnector<Tcp>, SdkBody>,
}

impl Transport {
    /// Trusts `roots` and no others.
    pub(super) fn new(roots: RootCertStore, connect_timeout: Duration, idle_max: Duration) -> Self {
        let tls = ClientConfig::builder_with_provider(Arc::new(algorithms::provider()))
            .with_safe_default_protocol_versions()
            .expect("the suites are of TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = Tcp::new();
        // The TLS layer above it decides what is encrypted.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect_timeout));
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(idle_max)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build(HttpsConnector::from((tcp, tls)));
        Self { client }
    }
}

/// The roots of a PEM file; none when one of its certificates cannot be a trust anchor.
pub(super) fn roots(pem: &[u8]) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.ok()?).ok()?;
    }
    (!roots.is_empty()).then_some(roots)
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

impl HttpConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.client.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            // Any failure on the way may not occur on another connection.
            let answer = client.request(request).await.map_err(|error| ConnectorError::io(error.into()))?;
            let answer = answer.map(|body| SdkBody::from_body_1_x(Limited::new(body, ANSWER_BYTES_MAX)));
            HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

impl HttpClient for Transport {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

#[cfg(test)]
mod tests;
