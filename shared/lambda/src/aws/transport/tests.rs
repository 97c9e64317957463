//! Connections against servers of a few lines: kept, lost, refused, cut off and endless.

use std::net::SocketAddr;
use std::sync::Mutex;

use http::Request;
use http_body_util::BodyExt as _;
use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{self, ServerConfig};

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole";

/// What came in: the requests of each connection.
type Seen = Arc<Mutex<Vec<usize>>>;

/// A server that gives one of `answers` to each request of a connection and then closes it.
async fn server(answers: &'static [&'static str]) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, answers, Arc::clone(&noted)));
        }
    });
    (address, seen)
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answers: &[&str], seen: Seen) {
    seen.lock().unwrap().push(0);
    for answer in answers {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            head.push(byte);
        }
        // Connections have their requests in turn where a test tells them apart.
        if let Some(requests) = seen.lock().unwrap().last_mut() {
            *requests = requests.saturating_add(1);
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("GET /path?query HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("\r\nhost: localhost:"), "{head}");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

fn plain(idle_max: Duration) -> Transport {
    Transport::new(RootCertStore::empty(), SECOND, idle_max)
}

fn request(scheme: &str, address: SocketAddr) -> HttpRequest {
    let uri = format!("{scheme}://localhost:{}/path?query", address.port());
    HttpRequest::try_from(Request::get(uri).body(SdkBody::empty()).unwrap()).unwrap()
}

async fn get(transport: &Transport, address: SocketAddr) -> Result<HttpResponse, ConnectorError> {
    transport.call(request("http", address)).await
}

/// The body of an answer as the SDK reads it.
async fn body(answer: Result<HttpResponse, ConnectorError>) -> Option<Vec<u8>> {
    Some(answer.unwrap().into_body().collect().await.ok()?.to_bytes().to_vec())
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let (address, seen) = server(&[WHOLE; 10]).await;
    let transport = plain(IDLE_MAX);
    for _ in 0..10 {
        assert_eq!(body(get(&transport, address).await).await.unwrap(), b"whole");
    }
    assert_eq!(*seen.lock().unwrap(), [10]);
}

#[tokio::test]
async fn a_connection_that_rested_too_long_is_not_used_again() {
    let (address, seen) = server(&[WHOLE; 10]).await;
    let transport = plain(Duration::ZERO);
    for _ in 0..3 {
        assert_eq!(body(get(&transport, address).await).await.unwrap(), b"whole");
    }
    assert_eq!(*seen.lock().unwrap(), [1, 1, 1]);
}

#[tokio::test]
async fn requests_at_once_are_answered_and_leave_their_connections_to_later_ones() {
    let (address, seen) = server(&[WHOLE; 20]).await;
    let transport = plain(IDLE_MAX);
    for _ in 0..10 {
        let (one, other) = tokio::join!(get(&transport, address), get(&transport, address));
        assert!(body(one).await.is_some() && body(other).await.is_some());
    }
    // A connection is kept by a task of its own after the answer: on a busy machine a request may be quicker.
    let connections = seen.lock().unwrap().len();
    assert!((1..20).contains(&connections), "{connections} connections for two requests at once, ten times");
}

/// Nothing of this process runs while it is frozen: the runtime is not polled, and the end of the connection
/// waits in the kernel until the next request. Where that request is quicker than the news of the end, it is
/// an io error, which the SDK tries again.
#[test]
fn a_connection_that_was_closed_while_frozen_is_replaced() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (closed, is_closed) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        for _ in 0..5 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            assert!(std::io::Read::read(&mut stream, &mut head).unwrap() > 0);
            std::io::Write::write_all(&mut stream, WHOLE.as_bytes()).unwrap();
            drop(stream);
            closed.send(()).unwrap();
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let transport = plain(IDLE_MAX);
    for _ in 0..5 {
        let answer = runtime.block_on(async {
            let answer = match get(&transport, address).await {
                Err(error) if error.is_io() => get(&transport, address).await,
                answer => answer,
            };
            body(answer).await
        });
        assert_eq!(answer.unwrap(), b"whole");
        is_closed.recv().unwrap();
    }
    server.join().unwrap();
}

#[tokio::test]
async fn a_request_that_may_have_been_carried_out_is_not_sent_again() {
    // The second request of a connection is read, and the connection closed without an answer.
    let (address, seen) = server(&[WHOLE, ""]).await;
    let transport = plain(IDLE_MAX);
    assert!(body(get(&transport, address).await).await.is_some());
    // The SDK tries again what is an io error.
    assert!(get(&transport, address).await.unwrap_err().is_io());
    assert_eq!(*seen.lock().unwrap(), [2]);
    assert!(body(get(&transport, address).await).await.is_some());
    assert_eq!(*seen.lock().unwrap(), [2, 1]);
}

#[tokio::test]
async fn an_answer_in_chunks_is_whole() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nwho\r\n2\r\nle\r\n0\r\n\r\n";
    let (address, seen) = server(Vec::leak(vec![chunked, WHOLE])).await;
    let transport = plain(IDLE_MAX);
    for _ in 0..2 {
        assert_eq!(body(get(&transport, address).await).await.unwrap(), b"whole");
    }
    assert_eq!(*seen.lock().unwrap(), [2]);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_or_endless_is_an_error() {
    let endless = "x".repeat(ANSWER_BYTES_MAX + 1);
    let endless = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{endless}", endless.len());
    let cut_off = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nwhole";
    for answer in [String::leak(endless), cut_off] {
        let (address, _) = server(Vec::leak(vec![answer])).await;
        assert_eq!(body(get(&plain(IDLE_MAX), address).await).await, None);
    }
}

#[tokio::test]
async fn what_is_no_answer_and_no_server_are_io_errors() {
    let (address, _) = server(&["SSH-2.0-OpenSSH\r\n\r\n"]).await;
    assert!(get(&plain(IDLE_MAX), address).await.unwrap_err().is_io());
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert!(get(&plain(IDLE_MAX), address).await.unwrap_err().is_io());
}

#[tokio::test]
async fn only_trusted_authorities_and_the_right_name_are_accepted() {
    let certified = |name: &str, version| {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            );
        (TlsAcceptor::from(Arc::new(config.unwrap())), roots(certificate.pem().as_bytes()).unwrap())
    };
    let (localhost, localhost_roots) = certified("localhost", &rustls::version::TLS13);
    let (other, other_roots) = certified("dynamodb.eu-central-1.amazonaws.com", &rustls::version::TLS13);
    let (older, older_roots) = certified("localhost", &rustls::version::TLS12);
    for (acceptor, roots, expected) in [
        (&localhost, &localhost_roots, true),
        (&older, &older_roots, true),
        (&localhost, &other_roots, false),
        (&other, &other_roots, false),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, &[WHOLE], Seen::default()).await;
            }
        });
        let transport = Transport::new(roots.clone(), SECOND, IDLE_MAX);
        let answer = transport.call(request("https", address)).await;
        assert_eq!(answer.is_ok(), expected, "{:?}", answer.map(drop));
    }
}
