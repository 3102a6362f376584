//! Each `sslmode` against a server that offers TLS, insists on it, forbids it, and has none.

use crate::exchanges::row;
use crate::scratch::{Database, Postgres};
use crate::server::Server;
use oar_record::{OpenError, PostgresStore, Store};
use oar_testkit::canary::assert_none;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use secrecy::ExposeSecret;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// One server for all of these tests.
static OFFERING: LazyLock<Offering> = LazyLock::new(Offering::start);

/// Who may come in how: `HOW all USER 127.0.0.1/32 trust`.
const ACCESS: &str = "hostssl all certified 127.0.0.1/32 cert\n\
    host all knowing,guessing 127.0.0.1/32 scram-sha-256\n\
    hostssl all insisting 127.0.0.1/32 trust\n\
    hostnossl all forbidding 127.0.0.1/32 trust\n\
    host all insisting,forbidding,certified 127.0.0.1/32 reject\n\
    host all all 127.0.0.1/32 trust\n";

/// A server whose certificate is for `localhost` and signed by an authority of the test's.
struct Offering {
    server: Server,
    folder: TempDir,
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn named(name: &str, alternatives: &[&str]) -> CertificateParams {
    let alternatives: Vec<_> = alternatives.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(alternatives).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn authority(name: &str) -> Authority {
    let mut params = named(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key.
fn signed(params: &CertificateParams, authority: &Authority) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, authority).unwrap().pem(), key.serialize_pem())
}

/// `CN=pinned` for `localhost`, which vouches for itself, as `openssl req -x509` makes them.
fn of_its_own() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = named("pinned", &["localhost"]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

impl Offering {
    fn start() -> Self {
        let offering = Self { server: Server::start(), folder: tempfile::tempdir().unwrap() };
        let (ours, others) = (authority("ours"), authority("others"));
        let (client, key) = signed(&named("certified", &[]), &ours);
        let files = [("ca.pem", ours.pem()), ("other.pem", others.pem()), ("me.crt", client), ("me.key", key)];
        for (name, text) in files {
            std::fs::write(offering.path(name), text).unwrap();
        }
        std::fs::write(offering.path("empty.pem"), "").unwrap();
        let (certificate, key) = signed(&named("server", &["localhost"]), &ours);
        offering.sql(&[put("pg_hba.conf", ACCESS), put("ca.crt", &ours.pem())]);
        offering
            .sql(&["certified", "insisting", "forbidding"].map(|user| format!("CREATE ROLE {user} SUPERUSER LOGIN")));
        let with_password = |user| format!("CREATE ROLE {user} SUPERUSER LOGIN PASSWORD 'sesame'");
        offering.sql(&["knowing", "guessing"].map(with_password));
        offering.show("server", &certificate, &key);
        offering
    }

    /// From now on the server shows this certificate.
    fn show(&self, name: &str, certificate: &str, key: &str) {
        let set = |setting, value: &str| format!("ALTER SYSTEM SET {setting} = '{value}'");
        self.sql(&[
            put(&format!("{name}.crt"), certificate),
            put(&format!("{name}.key"), key),
            set("ssl_cert_file", &format!("{name}.crt")),
            set("ssl_key_file", &format!("{name}.key")),
            set("ssl_ca_file", "ca.crt"),
            set("ssl", "on"),
            "SELECT pg_reload_conf()".to_owned(),
        ]);
        // A reload is done when new sessions see it.
        while self.sql(&["SHOW ssl_cert_file".to_owned()]) != format!("{name}.crt") {
            std::thread::yield_now();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the last of these statements gives, run one by one as the superuser, and on a thread of their own because some
    /// callers are inside a runtime.
    fn sql(&self, statements: &[String]) -> String {
        std::thread::scope(|scope| scope.spawn(|| run(&self.server.url, statements)).join().unwrap())
    }

    /// The DSN in both forms: `keys` are `key=value`, with spaces between them.
    fn dsns(&self, host: &str, user: &str, keys: &str) -> [String; 2] {
        let port = self.server.url.split([':', '/']).nth(4).unwrap();
        let folder = self.folder.path().display().to_string();
        let keys = keys.replace('@', &format!("{folder}/"));
        let password = if user == "knowing" { "sesame" } else { "canary-password" };
        [
            format!("host={host} port={port} user={user} dbname=postgres password={password} {keys}"),
            format!("postgres://{user}:{password}@{host}:{port}/postgres?{}", keys.replace(' ', "&")),
        ]
    }

    /// Whether the session that comes of this is encrypted, or why there is none.
    async fn comes_to(&self, host: &str, user: &str, keys: &str) -> Result<bool, OpenError> {
        let [pairs, url] = self.dsns(host, user, keys);
        let (one, other) = (self.encrypted(&pairs).await, self.encrypted(&url).await);
        assert_eq!(one.is_ok(), other.is_ok(), "{keys}: {one:?} {other:?}");
        assert_eq!(one.as_ref().ok(), other.as_ref().ok(), "{keys}");
        one
    }

    async fn encrypted(&self, dsn: &str) -> Result<bool, OpenError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("tls-test-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let separator = if dsn.starts_with("postgres://") { '&' } else { ' ' };
        let dsn = format!("{dsn}{separator}application_name={name}");
        let mut store = PostgresStore::connect(&dsn.clone().into()).await?;
        store.write(&[row(&dsn)].map(Arc::new)).await.unwrap();
        let sessions = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)";
        Ok(self.sql(&[format!("{sessions} WHERE application_name = '{name}'")]) == "t")
    }
}

/// Writes a file into the server's folder, for its owner alone, as it wants its key.
fn put(file: &str, text: &str) -> String {
    format!("COPY (SELECT unnest(string_to_array($q${text}$q$, E'\\n'))) TO PROGRAM 'umask 077; cat > {file}'")
}

#[tokio::main(flavor = "current_thread")]
async fn run(url: &str, statements: &[String]) -> String {
    let (client, connection) = tokio_postgres::connect(&format!("{url}?sslmode=disable"), NoTls).await.unwrap();
    let work = async {
        let mut last = String::new();
        for statement in statements {
            for message in client.simple_query(statement).await.unwrap() {
                if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
                    last = row.get(0).unwrap_or_default().to_owned();
                }
            }
        }
        drop(client);
        last
    };
    tokio::join!(connection, work).1
}

/// What comes of it: `tls`, `plain`, or what is wrong.
fn told(outcome: Result<bool, OpenError>) -> String {
    match outcome {
        Ok(encrypted) => if encrypted { "tls" } else { "plain" }.to_owned(),
        Err(error) => {
            let kind = match &error {
                OpenError::Tls { .. } => "tls fault",
                OpenError::Certificate { .. } => "certificate",
                OpenError::Refused { .. } => "refused",
                OpenError::Sqlite { .. }
                | OpenError::Dsn
                | OpenError::Unreachable { .. }
                | OpenError::Migrate { .. }
                | _ => "other",
            };
            assert!(!error.is_temporary(), "{error:?}");
            format!("{kind}: {error}: {}", everything(&error))
        }
    }
}

/// An error's causes, the innermost of an IO error included.
fn everything(error: &OpenError) -> String {
    let mut told = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        told.push_str(&format!("{error}; "));
        cause = error.source();
    }
    assert_none("a tls error", format!("{error:?} {told}"));
    told
}

async fn check(host: &str, user: &str, keys: &str, expected: &str) {
    let told = told(OFFERING.comes_to(host, user, keys).await);
    assert!(told.contains(expected), "{host} {user} {keys}: `{told}` is not `{expected}`");
}

#[tokio::test]
async fn every_mode_is_what_libpq_means_by_it() {
    const NAME: &str = "localhost";
    // The certificate is for the name, not for this.
    const ADDRESS: &str = "127.0.0.1";
    for (host, keys, expected) in [
        (NAME, "sslmode=disable", "plain"),
        (NAME, "sslmode=allow", "plain"),
        (NAME, "sslmode=prefer", "tls"),
        (NAME, "", "tls"),
        (ADDRESS, "sslmode=require", "tls"),
        (ADDRESS, "sslmode=require sslnegotiation=postgres", "tls"),
        (ADDRESS, "sslmode=require sslrootcert=@ca.pem", "tls"),
        (NAME, "sslmode=require sslrootcert=@other.pem", "UnknownIssuer"),
        (ADDRESS, "sslmode=verify-ca sslrootcert=@ca.pem", "tls"),
        (NAME, "sslmode=verify-ca sslrootcert=@other.pem", "tls fault: the record database at localhost:"),
        (NAME, "sslmode=verify-ca", "UnknownIssuer"),
        (NAME, "sslmode=verify-full sslrootcert=@ca.pem", "tls"),
        (ADDRESS, "sslmode=verify-full sslrootcert=@ca.pem", "not valid for name"),
        (NAME, "sslmode=verify-full sslrootcert=@other.pem", "UnknownIssuer"),
        (NAME, "sslmode=verify-full sslrootcert=system", "UnknownIssuer"),
        (NAME, "sslrootcert=system", "UnknownIssuer"),
    ] {
        check(host, "postgres", keys, expected).await;
    }
}

#[tokio::test]
async fn a_server_may_insist_on_tls_or_forbid_it() {
    for (user, mode, expected) in [
        ("insisting", "disable", "refused: "),
        ("insisting", "allow", "tls"),
        ("insisting", "prefer", "tls"),
        ("insisting", "require", "tls"),
        ("forbidding", "disable", "plain"),
        ("forbidding", "allow", "plain"),
        ("forbidding", "prefer", "plain"),
        ("forbidding", "require", "refused: "),
    ] {
        check("localhost", user, &format!("sslmode={mode}"), expected).await;
    }
}

/// D02: with TLS, the proof of the password is bound to the server's certificate.
#[tokio::test]
async fn a_password_is_proved_and_a_wrong_one_needs_another_dsn() {
    for (mode, expected) in [("disable", "plain"), ("prefer", "tls"), ("require", "tls")] {
        check("localhost", "knowing", &format!("sslmode={mode}"), expected).await;
        check("localhost", "guessing", &format!("sslmode={mode}"), "refused: ").await;
    }
    check("localhost", "knowing", "sslmode=require channel_binding=require", "tls").await;
}

#[tokio::test]
async fn the_server_may_ask_who_we_are() {
    let keys = "sslmode=verify-full sslrootcert=@ca.pem";
    check("localhost", "certified", &format!("{keys} sslcert=@me.crt sslkey=@me.key"), "tls").await;
    check("localhost", "certified", keys, "refused: ").await;
    check("localhost", "postgres", &format!("{keys} sslcert=@me.crt"), "`sslcert` needs `sslkey`").await;
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_named() {
    for (keys, expected) in [
        ("sslmode=verify-full sslrootcert=@missing.pem", "missing.pem`, which the record database's dsn names for tls"),
        ("sslmode=verify-full sslrootcert=@empty.pem", "there is no certificate in it"),
        ("sslmode=require sslcert=@me.crt sslkey=@missing.key", "missing.key`"),
        ("sslmode=require sslcert=@me.crt sslkey=@empty.pem", "empty.pem`"),
    ] {
        check("localhost", "postgres", keys, expected).await;
        let [pairs, _] = OFFERING.dsns("localhost", "postgres", keys);
        let found_without_a_server = PostgresStore::lazy(&pairs.into()).unwrap_err();
        assert!(matches!(found_without_a_server, OpenError::Certificate { .. }), "{found_without_a_server:?}");
    }
    check("localhost", "postgres", "sslmode=disable sslrootcert=@missing.pem sslcert=x", "plain").await;
}

/// As its authority says, or as its own: many a server's certificate vouches for itself.
#[tokio::test]
async fn a_certificate_that_vouches_for_itself_can_be_trusted() {
    let own = Offering::start();
    let (certificate, key) = of_its_own();
    std::fs::write(own.path("pinned.pem"), &certificate).unwrap();
    own.show("pinned", &certificate, &key);
    for (host, keys, expected) in [
        ("localhost", "sslmode=verify-full sslrootcert=@pinned.pem", "tls"),
        ("127.0.0.1", "sslmode=verify-ca sslrootcert=@pinned.pem", "tls"),
        ("127.0.0.1", "sslmode=verify-full sslrootcert=@pinned.pem", "not valid for name"),
        ("localhost", "sslmode=verify-ca sslrootcert=@ca.pem", "tls fault: "),
    ] {
        let told = told(own.comes_to(host, "postgres", keys).await);
        assert!(told.contains(expected), "{host} {keys}: `{told}` is not `{expected}`");
    }
}

/// The scratch server of all tests has no TLS.
#[tokio::test]
async fn a_server_without_tls_is_told_so_and_prefer_goes_without() {
    let database = Postgres::new().await;
    let url = database.url().expose_secret().to_owned();
    for mode in ["require", "verify-full"] {
        let outcome = PostgresStore::connect(&format!("{url}?sslmode={mode}").into()).await;
        let told = told(outcome.map(|_| true));
        assert!(told.starts_with("tls fault: ") && told.contains("server does not support TLS"), "{mode}: {told}");
    }
    for mode in ["allow", "prefer", "disable"] {
        PostgresStore::connect(&format!("{url}?sslmode={mode}").into()).await.unwrap();
    }
}
