use super::*;

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
    let config = parse("host=db TimeZone=Asia/Shanghai search_path='a, b' sslcert=x").expect("session settings");
    assert_eq!(config.get_options(), Some(r" -c TimeZone=Asia/Shanghai -c search_path=a,\ b"));
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
        "mysql://me:hush@db/records",
        "hush",
    ] {
        let error = told(dsn).expect_err(dsn);
        assert!(error.contains("neither") && !error.contains("hu"), "{dsn}: {error}");
    }
}
