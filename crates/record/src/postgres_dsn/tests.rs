use super::*;
use std::path::Path;
use std::time::Duration;
use tokio_postgres::config::SslNegotiation;

fn told(dsn: &str) -> Result<String, String> {
    parse(dsn).map(|dsn| address(&dsn.config)).map_err(|error| error.to_string())
}

fn config(dsn: &str) -> Config {
    parse(dsn).expect(dsn).config
}

#[test]
fn both_forms_are_read() {
    for dsn in [
        "host=db port=5433 user=me dbname=records sslmode=disable password=canary",
        "postgres://me:canary@db:5433/records?sslmode=prefer",
        "postgresql://me:canary@db:5433/records",
    ] {
        let config = config(dsn);
        assert_eq!(address(&config), "db:5433", "{dsn}");
        assert_eq!((config.get_user(), config.get_dbname()), (Some("me"), Some("records")), "{dsn}");
        assert_eq!(config.get_password(), Some(b"canary".as_slice()), "{dsn}");
    }
}

#[test]
fn quoted_values_keep_spaces_and_quotes() {
    let config = config(r"host = db password = 'it\'s a \\ secret' user=o\'hara");
    assert_eq!(config.get_password(), Some(br"it's a \ secret".as_slice()));
    assert_eq!(config.get_user(), Some("o'hara"));
}

#[test]
fn settings_of_the_session_go_to_the_server() {
    for dsn in [
        "host=db TimeZone=Asia/Shanghai search_path='a, b' connect_timeout=3 sslcrl=x",
        "postgres://db?TimeZone=Asia/Shanghai&search_path=a,%20b&connect_timeout=3&sslcrl=x",
    ] {
        let config = config(dsn);
        assert_eq!(config.get_options(), Some(r" -c TimeZone=Asia/Shanghai -c search_path=a,\ b"), "{dsn}");
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(3)), "{dsn}");
    }
}

#[test]
fn options_of_the_dsn_stay_in_front_of_its_settings() {
    for dsn in ["host=db options='-c a=1' b=2", "postgres://db?options=-c%20a%3D1&b=2"] {
        assert_eq!(config(dsn).get_options(), Some("-c a=1 -c b=2"), "{dsn}");
    }
}

#[test]
fn a_value_cannot_smuggle_in_another_option() {
    let config = config("postgres://db?TimeZone=UTC%09-c%0Ab=2%0B");
    assert_eq!(config.get_options(), Some(" -c TimeZone=UTC\\\t-c\\\nb=2\\\x0b"));
}

#[test]
fn what_tls_is_to_be_is_read_from_both_forms() {
    for dsn in [
        "host=db sslmode=verify-ca sslrootcert='/etc/my ca.pem' sslcert=me.crt sslkey=me.key sslnegotiation=direct",
        "postgres://db?sslmode=verify-ca&sslrootcert=/etc/my%20ca.pem&sslcert=me.crt&sslkey=me.key&sslnegotiation=direct",
    ] {
        let Dsn { config, tls } = parse(dsn).expect(dsn);
        assert_eq!((tls.mode(), tls.roots.as_deref()), (Mode::VerifyCa, Some(Path::new("/etc/my ca.pem"))), "{dsn}");
        assert_eq!(tls.certificate.as_deref(), Some(Path::new("me.crt")), "{dsn}");
        assert_eq!(tls.key.as_deref(), Some(Path::new("me.key")), "{dsn}");
        assert_eq!(config.get_ssl_negotiation(), SslNegotiation::Direct, "{dsn}");
    }
}

#[test]
fn without_a_mode_tls_is_preferred_and_the_systems_authorities_are_asked_for_the_name() {
    let mode = |dsn| parse(dsn).expect(dsn).tls.mode();
    assert_eq!((mode("host=db"), mode("host=db sslrootcert=ca.pem")), (Mode::Prefer, Mode::Prefer));
    assert_eq!((mode("host=db sslrootcert=system"), mode("host=db sslmode=allow")), (Mode::VerifyFull, Mode::Allow));
}

#[test]
fn a_question_mark_may_stand_in_a_password() {
    let Dsn { config, tls } = parse("postgres://me:h?sh@db/records?sslmode=disable").expect("a password");
    assert_eq!((config.get_password(), config.get_dbname()), (Some(b"h?sh".as_slice()), Some("records")));
    assert_eq!(tls.mode(), Mode::Disable);
}

/// A09: taken for the end of the credentials, it would show the rest of the password as the host.
#[test]
fn an_at_sign_may_stand_in_the_query() {
    let config = config("postgres://db:5433/records?user=me&password=p@canary&application_name=a@b");
    assert_eq!((address(&config).as_str(), config.get_user()), ("db:5433", Some("me")));
    assert_eq!(config.get_password(), Some(b"p@canary".as_slice()));
    assert_eq!(config.get_application_name(), Some("a@b"));
}

#[test]
fn what_cannot_be_read_is_refused_without_quoting_it() {
    for dsn in [
        "",
        "user=me",
        "host=db password=my canary",
        "host=db password='canary",
        "host=db port=canary",
        "postgres://me:hu@sh@db/records",
        "postgres://me:canary@db/records?sslmode=canary",
        "postgres://me:canary@db/records?canary",
        "postgres://me:canary@db/records?hu sh=1",
        "postgres://me:canary@db/records?a=%hu",
        "postgres://db?user=me&password=p@hu",
        "mysql://me:canary@db/records",
        "canary",
    ] {
        let error = told(dsn).expect_err(dsn);
        assert!(error.contains("neither") && !error.contains("hu"), "{dsn}: {error}");
    }
}
