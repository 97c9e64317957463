//! One HTTP exchange: a connection of its own, one request, one answer of bounded size and time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::base_url::BaseUrl;
use crate::error::{ExchangeError, TransportError};

/// A page of 100 refunds of Stripe's has about 100 KB.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// How long one call may take: at most the sum of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the address, the connection and the TLS handshake; nothing has been sent until then.
    pub connect: Duration,
    /// For the request and the whole answer; its outcome is unknown when this runs out.
    pub answer: Duration,
}

impl Default for Timeouts {
    /// 3 s and 20 s: a refund takes a provider about a second, and a listing and a refund together stay
    /// below a function's timeout of one minute.
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), answer: Duration::from_secs(20) }
    }
}

/// Where requests go.
#[derive(Clone)]
pub struct Transport {
    base: Arc<BaseUrl>,
    /// Absent for a stand-in on loopback.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    timeouts: Timeouts,
}

/// An answer, read completely.
pub struct HttpAnswer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Transport {
    /// Sets up TLS; connects to nothing.
    pub fn new(base: BaseUrl, timeouts: Timeouts) -> Result<Self, TransportError> {
        let tls = if base.encrypted {
            let name = ServerName::try_from(base.host.clone())
                .map_err(|_| TransportError::HostName { host: base.host.clone() })?;
            Some((TlsConnector::from(Arc::new(tls_config()?)), name))
        } else {
            None
        };
        Ok(Self { base: Arc::new(base), tls, timeouts })
    }

    /// The `Host` header.
    pub fn authority(&self) -> &str {
        &self.base.authority
    }

    /// One attempt on a connection of its own.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<HttpAnswer, ExchangeError> {
        let connecting = tokio::time::timeout(self.timeouts.connect, self.connect());
        match connecting.await.map_err(|_| ExchangeError::Connect(io::ErrorKind::TimedOut.into()))? {
            Ok(Connection::Plain(stream)) => self.exchange(stream, request).await,
            Ok(Connection::Tls(stream)) => self.exchange(*stream, request).await,
            Err(error) => Err(ExchangeError::Connect(error)),
        }
    }

    async fn connect(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect((self.base.host.as_str(), self.base.port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Connection::Plain(stream)),
            Some((connector, name)) => {
                Ok(Connection::Tls(Box::new(connector.connect(name.clone(), stream).await?)))
            }
        }
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        request: Request<Full<Bytes>>,
    ) -> Result<HttpAnswer, ExchangeError> {
        let exchange = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
            let answer = async {
                let (head, body) = sender.send_request(request).await.map_err(lost)?.into_parts();
                let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(cut_off)?.to_bytes();
                Ok(HttpAnswer { status: head.status.as_u16(), headers: head.headers, body })
            };
            let mut answer = std::pin::pin!(answer);
            tokio::select! {
                answer = &mut answer => answer,
                // Its own error reaches the answer as well.
                _ = connection => answer.await,
            }
        };
        tokio::time::timeout(self.timeouts.answer, exchange).await.unwrap_or(Err(ExchangeError::Timeout))
    }
}

enum Connection {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

fn lost(error: hyper::Error) -> ExchangeError {
    ExchangeError::ConnectionLost(Box::new(error))
}

fn cut_off(error: Box<dyn std::error::Error + Send + Sync>) -> ExchangeError {
    if error.is::<LengthLimitError>() {
        ExchangeError::TooLarge
    } else {
        ExchangeError::ConnectionLost(error)
    }
}

/// ring and Mozilla's roots, both built in: nothing is read from the system.
fn tls_config() -> Result<ClientConfig, TransportError> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let mut config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
