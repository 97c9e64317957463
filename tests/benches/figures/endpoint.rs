//! The AWS endpoint of a run: TLS in front of DynamoDB in this process, and the two other services' single
//! calls.
//!
//! One handshake checks a chain of two ECDSA certificates, which costs a client about what Amazon's chain
//! costs.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::Failure;

/// The signing secret of the webhook.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_figures0123456789abcdef0123456789";

/// Both of the fields that a secret of ours may have; unknown ones are not looked at.
fn secret_answer() -> String {
    let fields = format!(
        r#"{{\"current\":\"{WEBHOOK_SECRET}\",\"previous\":\"\",\"key\":\"{}\"}}"#,
        testkit::stand_in::API_KEY
    );
    format!(
        r#"{{"ARN":"arn:aws:secretsmanager:eu-central-1:000000000000:secret:s","Name":"s","SecretString":"{fields}"}}"#
    )
}

const SENT: &str = r#"{"MessageId":"00000000-0000-4000-8000-000000000000","MD5OfMessageBody":"d41d8cd98f00b204e9800998ecf8427e"}"#;

type Answer = Response<Full<Bytes>>;

/// What functions did here since it was asked last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) handshakes: usize,
    /// The operations in the order in which they came.
    pub(crate) calls: Vec<String>,
    /// Calls that came while no other was under way: how often the function waited.
    pub(crate) rounds: usize,
}

/// What is noted while functions call.
#[derive(Debug, Default)]
struct Noted {
    traffic: Traffic,
    under_way: usize,
}

/// The running endpoint.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    noted: Arc<Mutex<Noted>>,
}

impl Endpoint {
    /// Serves `dynamodb` (`http://HOST:PORT`) over TLS until the runtime ends. The certificates to trust are
    /// written to `bundle`.
    pub(crate) async fn start(dynamodb: &str, bundle: &Path) -> Result<Self, Failure> {
        let acceptor = TlsAcceptor::from(Arc::new(certified(bundle)?));
        let upstream = dynamodb.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("https://localhost:{}", listener.local_addr()?.port());
        let noted = Arc::new(Mutex::new(Noted::default()));
        let counted = Arc::clone(&noted);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(acceptor.clone(), stream, upstream.clone(), Arc::clone(&counted)));
            }
        });
        Ok(Self { url, noted })
    }

    pub(crate) fn traffic(&self) -> Traffic {
        std::mem::take(&mut lock(&self.noted).traffic)
    }
}

fn lock(noted: &Mutex<Noted>) -> std::sync::MutexGuard<'_, Noted> {
    noted.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An authority, and a certificate of it for `localhost`. Reading the authority's one PEM costs a function
/// somewhat more than the embedded roots that it trusts on AWS.
fn certified(bundle: &Path) -> Result<ServerConfig, Failure> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    fs::write(bundle, authority_certificate.pem())?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])?
        .signed_by(&key, &Issuer::new(authority, authority_key))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// One connection of a function; it has one of its own to DynamoDB.
async fn connection(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    upstream: String,
    noted: Arc<Mutex<Noted>>,
) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let stream = acceptor.accept(stream).await.ok()?;
    {
        let traffic = &mut lock(&noted).traffic;
        traffic.handshakes = traffic.handshakes.saturating_add(1);
    }
    let plain = TcpStream::connect(&upstream).await.ok()?;
    plain.set_nodelay(true).ok()?;
    let (sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(plain)).await.ok()?;
    tokio::spawn(driver);
    let sender = Arc::new(tokio::sync::Mutex::new(sender));
    let service = service_fn(move |request| {
        let (sender, upstream) = (Arc::clone(&sender), upstream.clone());
        let noted = Arc::clone(&noted);
        begun(&noted, operation(&request));
        async move {
            let answer = answer(&mut *sender.lock().await, &upstream, request).await;
            let mut noted = lock(&noted);
            noted.under_way = noted.under_way.saturating_sub(1);
            drop(noted);
            answer
        }
    });
    // An error here is a function that was killed.
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok()
}

fn begun(noted: &Mutex<Noted>, operation: &str) {
    let mut noted = lock(noted);
    if noted.under_way == 0 {
        noted.traffic.rounds = noted.traffic.rounds.saturating_add(1);
    }
    noted.under_way = noted.under_way.saturating_add(1);
    noted.traffic.calls.push(operation.to_owned());
}

/// `x-amz-target` is `<service and version>.<operation>`.
fn operation(request: &Request<Incoming>) -> &str {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    target.and_then(|target| target.split_once('.')).map_or("?", |(_, operation)| operation)
}

async fn answer(
    dynamodb: &mut SendRequest<Full<Bytes>>,
    host: &str,
    request: Request<Incoming>,
) -> Result<Answer, hyper::Error> {
    let (mut parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let target =
        parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    match target {
        "secretsmanager.GetSecretValue" => Ok(Response::new(Full::from(secret_answer()))),
        "SendMessage" => Ok(Response::new(Full::from(SENT))),
        _ => {
            if let Ok(host) = host.parse() {
                parts.headers.insert("host", host);
            }
            let (parts, body) =
                dynamodb.send_request(Request::from_parts(parts, Full::new(body))).await?.into_parts();
            Ok(Response::from_parts(parts, Full::new(body.collect().await?.to_bytes())))
        }
    }
}

impl From<rcgen::Error> for Failure {
    fn from(error: rcgen::Error) -> Self {
        Self::Io(io::Error::other(error))
    }
}

impl From<tokio_rustls::rustls::Error> for Failure {
    fn from(error: tokio_rustls::rustls::Error) -> Self {
        Self::Io(io::Error::other(error))
    }
}
