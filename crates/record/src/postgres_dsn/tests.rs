use super::*;
use std::time::Duration;
use tokio_postgres::config::SslMode;

fn told(dsn: &str) -> Result<String, String> {
    parse(dsn).map(|config| address(&config)).map_err(|error| error.to_string())
}

#[test]
fn both_forms_are_read() {
    for dsn in [
        "host=db port=5433 user=me dbname=records sslmode=disable password=hush",
        "postgres://me:hush@db:5433/records?sslmode=prefer",
        "postgresql://me:hush@db:5433/records",
    ] {
        let config = parse(dsn).expect(dsn);
        assert_eq!(address(&config), "db:5433", "{dsn}");
        assert_eq!((config.get_user(), config.get_dbname()), (Some("me"), Some("records")), "{dsn}");
        assert_eq!(config.get_password(), Some(b"hush".as_slice()), "{dsn}");
    }
}

#[test]
fn quoted_values_keep_spaces_and_quotes() {
    let config = parse(r"host = db password = 'it\'s a \\ secret' user=o\'hara").expect("quoted");
    assert_eq!(config.get_password(), Some(br"it's a \ secret".as_slice()));
    assert_eq!(config.get_user(), Some("o'hara"));
}

#[test]
fn settings_of_the_session_go_to_the_server() {
    for dsn in [
        "host=db TimeZone=Asia/Shanghai search_path='a, b' connect_timeout=3 sslcert=x sslnegotiation=direct",
        "postgres://db?TimeZone=Asia/Shanghai&search_path=a,%20b&connect_timeout=3&sslcert=x&sslnegotiation=direct",
    ] {
        let config = parse(dsn).expect(dsn);
        assert_eq!(config.get_options(), Some(r" -c TimeZone=Asia/Shanghai -c search_path=a,\ b"), "{dsn}");
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(3)), "{dsn}");
    }
}

#[test]
fn options_of_the_dsn_stay_in_front_of_its_settings() {
    for dsn in ["host=db options='-c a=1' b=2", "postgres://db?options=-c%20a%3D1&b=2"] {
        assert_eq!(parse(dsn).expect(dsn).get_options(), Some("-c a=1 -c b=2"), "{dsn}");
    }
}

#[test]
fn a_value_cannot_smuggle_in_another_option() {
    let config = parse("postgres://db?TimeZone=UTC%09-c%0Ab=2").expect("white space");
    assert_eq!(config.get_options(), Some(" -c TimeZone=UTC\\\t-c\\\nb=2"));
}

#[test]
fn allowing_tls_is_like_preferring_it() {
    for dsn in ["host=db sslmode=allow", "host=db sslmode=prefer", "postgres://db?sslmode=allow"] {
        assert_eq!(parse(dsn).expect(dsn).get_ssl_mode(), SslMode::Prefer, "{dsn}");
    }
}

#[test]
fn a_question_mark_may_stand_in_a_password() {
    let config = parse("postgres://me:h?sh@db/records?sslmode=disable").expect("a password");
    assert_eq!((config.get_password(), config.get_dbname()), (Some(b"h?sh".as_slice()), Some("records")));
    assert_eq!(config.get_ssl_mode(), SslMode::Disable);
}

#[test]
fn a_demand_for_tls_is_refused_by_name() {
    for mode in ["require", "verify-ca", "verify-full"] {
        for dsn in [format!("host=db sslmode={mode}"), format!("postgres://db/records?x=1&sslmode={mode}")] {
            let error = told(&dsn).expect_err("no tls");
            assert!(error.contains(&format!("`sslmode={mode}`")), "{error}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_refused_without_quoting_it() {
    for dsn in [
        "",
        "user=me",
        "host=db password=my hush",
        "host=db password='hush",
        "host=db port=hush",
        "postgres://me:hu@sh@db/records",
        "postgres://me:hush@db/records?sslmode=hush",
        "postgres://me:hush@db/records?hush",
        "postgres://me:hush@db/records?hu sh=1",
        "postgres://me:hush@db/records?a=%hu",
        "mysql://me:hush@db/records",
        "hush",
    ] {
        let error = told(dsn).expect_err(dsn);
        assert!(error.contains("neither") && !error.contains("hu"), "{dsn}: {error}");
    }
}
