use crate::OpenError;
use std::iter::Peekable;
use std::str::Chars;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Keys that the driver reads itself. Any other is a setting of the session, as the Go version's driver has it
/// (`TimeZone=Asia/Shanghai`), and goes to the server as such.
const DRIVER_KEYS: [&str; 19] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslmode",
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Reads a DSN in either form: `postgres://user:password@host:port/name?key=value`, or `host=… user=…` pairs
/// (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING>).
pub(crate) fn parse(dsn: &str) -> Result<Config, OpenError> {
    let is_url = dsn.starts_with("postgres://") || dsn.starts_with("postgresql://");
    let config = if is_url { parse_url(dsn) } else { parse_pairs(dsn) }?;
    if config.get_hosts().is_empty() || has_credentials_in_host(&config) {
        return Err(OpenError::Dsn);
    }
    Ok(config)
}

/// `host:port` of the servers, for messages.
pub(crate) fn address(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |number: usize| ports.get(number).or_else(|| ports.first()).copied().unwrap_or(5432);
    let told = |(number, host): (usize, &Host)| match host {
        Host::Tcp(name) => format!("{name}:{}", port(number)),
        #[cfg(unix)]
        Host::Unix(directory) => format!("{}:{}", directory.display(), port(number)),
    };
    config.get_hosts().iter().enumerate().map(told).collect::<Vec<_>>().join(",")
}

fn parse_url(dsn: &str) -> Result<Config, OpenError> {
    let query = dsn.split_once('?').map_or("", |(_, query)| query);
    for (_, mode) in query.split('&').filter_map(|pair| pair.split_once('=')).filter(|(key, _)| *key == "sslmode") {
        check_ssl_mode(mode)?;
    }
    dsn.parse().map_err(|_| OpenError::Dsn)
}

fn parse_pairs(dsn: &str) -> Result<Config, OpenError> {
    let (mut driver, mut session) = (String::new(), String::new());
    for (key, value) in pairs(dsn).ok_or(OpenError::Dsn)? {
        match key.as_str() {
            "sslmode" => check_ssl_mode(&value)?,
            // Certificates and the like: there is no TLS that they could be for.
            key if key.starts_with("ssl") => continue,
            _ => {}
        }
        if DRIVER_KEYS.contains(&key.as_str()) {
            driver.push_str(&format!("{key}={} ", quoted(&value)));
        } else {
            session.push_str(&format!(" -c {key}={}", value.replace('\\', r"\\").replace(' ', r"\ ")));
        }
    }
    let mut config: Config = driver.parse().map_err(|_| OpenError::Dsn)?;
    if !session.is_empty() {
        let options = config.get_options().unwrap_or_default().to_owned() + &session;
        config.options(options);
    }
    Ok(config)
}

/// Modes that demand TLS are refused by name; what is no mode at all is the driver's to refuse.
fn check_ssl_mode(mode: &str) -> Result<(), OpenError> {
    let demanding = ["require", "verify-ca", "verify-full", "allow"];
    match demanding.into_iter().find(|known| *known == mode) {
        Some(mode) => Err(OpenError::Tls { mode }),
        None => Ok(()),
    }
}

/// A password with an `@` in it that is not written `%40` ends up in the host, which messages show.
fn has_credentials_in_host(config: &Config) -> bool {
    config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(name) if name.contains('@')))
}

/// The pairs of `key = value` or `key = 'quoted \' value'`; `None` when the text is anything else.
fn pairs(dsn: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut rest = dsn.chars().peekable();
    skip_spaces(&mut rest);
    while rest.peek().is_some() {
        let key = read_key(&mut rest)?;
        let value = if rest.peek() == Some(&'\'') { read_quoted(&mut rest)? } else { read_bare(&mut rest)? };
        pairs.push((key, value));
        skip_spaces(&mut rest);
    }
    Some(pairs)
}

fn skip_spaces(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|character| character.is_whitespace()).is_some() {}
}

/// A key, the `=` after it, and the spaces around that.
fn read_key(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut key = String::new();
    while let Some(character) =
        rest.next_if(|character| character.is_ascii_alphanumeric() || *character == '_' || *character == '.')
    {
        key.push(character);
    }
    skip_spaces(rest);
    rest.next_if_eq(&'=')?;
    skip_spaces(rest);
    (!key.is_empty()).then_some(key)
}

fn read_bare(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut value = String::new();
    while let Some(character) = rest.next_if(|character| !character.is_whitespace()) {
        value.push(if character == '\\' { rest.next()? } else { character });
    }
    Some(value)
}

fn read_quoted(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut value = String::new();
    rest.next_if_eq(&'\'')?;
    loop {
        match rest.next()? {
            '\'' => return Some(value),
            '\\' => value.push(rest.next()?),
            character => value.push(character),
        }
    }
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
}

#[cfg(test)]
mod tests;
