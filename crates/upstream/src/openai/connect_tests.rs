//! What a gateway's test cannot arrange: a resolver, and a root that somebody trusts.

use super::{OpenAi, Settings, Transport};
use crate::dns::Resolver;
use crate::{Connection, Fault, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse, tls};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::{ClientConfig, RootCertStore};
use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// More than loopback ever needs.
pub(super) const PATIENT: Duration = Duration::from_secs(5);
const HASTY: Duration = Duration::from_millis(200);

pub(super) fn upstream(endpoint: &str, transport: Transport) -> OpenAi {
    let settings = Settings { sk: "sk".into(), endpoint: endpoint.into(), ..Settings::default() };
    OpenAi::new(&settings, transport).expect("settings are valid")
}

pub(super) fn request() -> UpstreamRequest {
    UpstreamRequest::new(Method::GET, "/models")
}

/// Every name has these addresses.
pub(super) fn resolving(addresses: &'static [[u8; 4]]) -> Resolver {
    Resolver::asking(|_| Ok(addresses.iter().map(|&address| (address, 0).into()).collect()))
}

pub(super) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    (listener, addr)
}

/// Reads a request head; false when the other side left.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return false,
        }
    }
    true
}

/// Answers the first request of a connection and leaves when there is a second.
async fn answer_once(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    if read_head(&mut stream).await {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let _ = stream.flush().await;
        read_head(&mut stream).await;
    }
}

/// A server that answers the first request of each connection.
fn serve(listener: TcpListener) -> JoinSet<()> {
    let mut server = JoinSet::new();
    server.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            answer_once(stream).await;
        }
    });
    server
}

/// U02: name resolution counts.
#[tokio::test]
async fn a_resolver_that_hangs_is_given_up_after_the_connect_timeout() {
    let (open, gate) = std::sync::mpsc::sync_channel::<()>(0);
    let gate = std::sync::Mutex::new(gate);
    let hanging = Resolver::asking(move |_| {
        let _ = gate.lock().expect("nobody panics").recv();
        Ok(Vec::new())
    });
    let transport = Transport::with(tls::client_config(), &hanging, HASTY);
    let begun = Instant::now();
    let error = upstream("http://hangs.test/v1", transport).send(&request()).await.expect_err("no address");
    assert_eq!(error.fault(), Fault::ConnectTimeout);
    assert!((HASTY..PATIENT).contains(&begun.elapsed()));
    drop(open);
}

/// U02.
#[tokio::test]
async fn a_name_without_an_address_is_told_apart() {
    let failing = Resolver::asking(|_| Err(std::io::Error::other("no such name")));
    let transport = Transport::with(tls::client_config(), &failing, PATIENT);
    let error = upstream("http://nonexistent.invalid/v1", transport).send(&request()).await.expect_err("no address");
    assert_eq!(error.fault(), Fault::Dns);
}

/// U02: all of 127.0.0.0/8 is this machine, and the server listens at one address of it.
#[tokio::test]
async fn the_second_address_of_a_name_is_used_when_the_first_refuses() {
    let (listener, addr) = listen().await;
    let _server = serve(listener);
    let transport = Transport::with(tls::client_config(), &resolving(&[[127, 0, 0, 2], [127, 0, 0, 1]]), PATIENT);
    let response = upstream(&format!("http://two.test:{}/v1", addr.port()), transport).send(&request()).await;
    assert_eq!(response.expect("an answer").status, 200);
}

/// U02, U04: the first address does not use up the time of the second.
#[tokio::test]
async fn the_second_address_of_a_name_is_used_when_the_first_does_not_answer() {
    let (listener, addr) = listen().await;
    let _server = serve(listener);
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 2], addr.port()).into()).expect("the same port at another address");
    let full = socket.listen(0).expect("a backlog");
    // A backlog of 0 takes one connection; the kernel drops whatever asks for another.
    let _filler = TcpStream::connect(full.local_addr().expect("an address")).await.expect("the one connection");
    let transport = Transport::with(tls::client_config(), &resolving(&[[127, 0, 0, 2], [127, 0, 0, 1]]), 4 * HASTY);
    let begun = Instant::now();
    let response = upstream(&format!("http://two.test:{}/v1", addr.port()), transport).send(&request()).await;
    assert_eq!(response.expect("an answer").status, 200);
    assert!(begun.elapsed() >= 2 * HASTY);
}

/// Who signs certificates that we trust.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn named(name: &str) -> Self {
        let mut params = CertificateParams::new([]).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate"))
    }

    /// A certificate for `name`, changed like this.
    fn certify(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> TlsAcceptor {
        self.certify_for(name, change, &[])
    }

    /// The same for a server that speaks these protocols.
    pub(super) fn certify_for(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
        protocols: &[&[u8]],
    ) -> TlsAcceptor {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        let key = key.serialize_der().try_into().expect("a private key");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring supports them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key);
        let mut config = config.expect("the key fits");
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }

    /// A client that trusts this authority alone.
    pub(super) fn trusted(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("a root");
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring supports them")
            .with_root_certificates(roots)
            .with_no_client_auth()
    }
}

/// Asks a server that shakes hands like this, once for each connection.
async fn ask(acceptor: TlsAcceptor, trusted: ClientConfig, connections: &[Connection]) -> Vec<Answer> {
    let (listener, addr) = listen().await;
    let mut server = JoinSet::new();
    server.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                answer_once(stream).await;
            }
        }
    });
    let transport = Transport::with(trusted, &resolving(&[[127, 0, 0, 1]]), PATIENT);
    let upstream = upstream(&format!("https://upstream.test:{}/v1", addr.port()), transport);
    let mut answers = Vec::new();
    for &connection in connections {
        answers.push(upstream.send(&UpstreamRequest { connection, ..request() }).await);
    }
    answers
}

type Answer = Result<UpstreamResponse, UpstreamError>;

#[track_caller]
fn assert_refused(answers: Vec<Answer>, reason: &str) {
    let error = answers.into_iter().next().expect("an answer").expect_err(reason);
    assert_eq!(error.fault(), Fault::Tls, "{reason}");
    let causes = std::iter::successors(error.source(), |&cause| cause.source()).map(ToString::to_string);
    let causes = causes.collect::<Vec<_>>().join(": ");
    assert!(causes.contains(reason), "{causes}");
}

/// U03. The first case shows that the others fail for what is wrong with them.
#[tokio::test]
async fn only_a_certificate_that_is_signed_valid_and_for_this_host_will_do() {
    let (ours, theirs) = (Authority::named("ours"), Authority::named("theirs"));
    let good = ours.certify("upstream.test", |_| {});
    let answers = ask(good.clone(), ours.trusted(), &[Connection::Any]).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|response| response.status == 200)));

    assert_refused(ask(good, theirs.trusted(), &[Connection::Any]).await, "UnknownIssuer");
    let expired = ours.certify("upstream.test", |params| params.not_after = date_time_ymd(2020, 1, 1));
    assert_refused(ask(expired, ours.trusted(), &[Connection::Any]).await, "certificate expired");
    let another = ours.certify("another.test", |_| {});
    assert_refused(ask(another, ours.trusted(), &[Connection::Any]).await, "not valid for name");
}

/// U15: what TLS itself says after the handshake is not an answer.
#[tokio::test]
async fn a_kept_tls_connection_that_is_closed_under_a_request_is_stale() {
    let ours = Authority::named("ours");
    let acceptor = ours.certify("upstream.test", |_| {});
    let answers = ask(acceptor, ours.trusted(), &[Connection::Any, Connection::Any, Connection::Fresh]).await;
    let faults: Vec<_> = answers.into_iter().map(|answer| answer.err().map(|error| error.fault())).collect();
    assert_eq!(faults, [None, Some(Fault::StaleConnection), None]);
}

/// What an HTTP/2 server has seen, and when it answers.
struct Crowd {
    connections: AtomicUsize,
    requests: AtomicUsize,
    gate: Semaphore,
}

/// An HTTP/2 server that answers each request when the gate lets it.
fn serve_http2(listener: TcpListener, acceptor: TlsAcceptor, crowd: &Arc<Crowd>) -> JoinSet<()> {
    let crowd = Arc::clone(crowd);
    let mut server = JoinSet::new();
    server.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let stream = acceptor.accept(stream).await.expect("a handshake");
            crowd.connections.fetch_add(1, Ordering::Relaxed);
            let crowd = Arc::clone(&crowd);
            let answer = service_fn(move |_: Request<Incoming>| {
                let crowd = Arc::clone(&crowd);
                async move {
                    crowd.requests.fetch_add(1, Ordering::Relaxed);
                    crowd.gate.acquire().await.expect("an open gate").forget();
                    Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("good")))
                }
            });
            let http2 = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            connections.spawn(http2.serve_connection(TokioIo::new(stream), answer));
        }
    });
    server
}

/// One connection serves a hundred requests at a time; the next one gets another.
#[tokio::test]
async fn requests_share_a_connection_of_http2_as_long_as_it_has_room() {
    let ours = Authority::named("ours");
    let (listener, addr) = listen().await;
    let crowd = Crowd { connections: 0.into(), requests: 0.into(), gate: Semaphore::new(1) };
    let crowd = Arc::new(crowd);
    let acceptor = ours.certify_for("upstream.test", |_| {}, &[b"h2"]);
    let _server = serve_http2(listener, acceptor, &crowd);
    let transport = Transport::with(ours.trusted(), &resolving(&[[127, 0, 0, 1]]), PATIENT);
    let upstream = Arc::new(upstream(&format!("https://upstream.test:{}/v1", addr.port()), transport));
    assert_eq!(upstream.send(&request()).await.expect("an answer").status, 200);
    let mut asking = JoinSet::new();
    for (requests, connections) in [(100, 1), (101, 2)] {
        while asking.len() < requests {
            let upstream = Arc::clone(&upstream);
            asking.spawn(async move { upstream.send(&request()).await.map(|response| response.status.as_u16()) });
        }
        while crowd.requests.load(Ordering::Relaxed) < 1 + requests {
            tokio::task::yield_now().await;
        }
        assert_eq!(crowd.connections.load(Ordering::Relaxed), connections);
    }
    crowd.gate.add_permits(101);
    assert!(asking.join_all().await.into_iter().all(|answered| answered.is_ok_and(|status| status == 200)));
}
