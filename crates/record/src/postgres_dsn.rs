//! What a DSN says, in either of its forms, and who is to hear it: the driver, the server, or TLS.

use crate::OpenError;
use crate::postgres_tls::{Mode, Tls};
use std::iter::Peekable;
use std::str::Chars;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Keys that the driver reads itself. Any other is a setting of the session, as the Go version's driver has it
/// (`TimeZone=Asia/Shanghai`), and goes to the server as such, which refuses the login when it knows no such setting.
const DRIVER_KEYS: [&str; 18] = [
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
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// What a DSN says.
pub(crate) struct Dsn {
    /// All but TLS, which is decided with each login.
    pub(crate) config: Config,
    pub(crate) tls: Tls,
}

/// Reads a DSN in either form: `postgres://user:password@host:port/name?key=value`, or `host=… user=…` pairs
/// (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING>).
pub(crate) fn parse(dsn: &str) -> Result<Dsn, OpenError> {
    let is_url = dsn.starts_with("postgres://") || dsn.starts_with("postgresql://");
    let dsn = if is_url { parse_url(dsn) } else { parse_pairs(dsn) }?;
    if dsn.config.get_hosts().is_empty() || has_credentials_in_host(&dsn.config) {
        return Err(OpenError::Dsn);
    }
    Ok(dsn)
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

fn parse_url(dsn: &str) -> Result<Dsn, OpenError> {
    let (base, query) = split_query(dsn).ok_or(OpenError::Dsn)?;
    let settings = Settings::sorted(query_pairs(query).ok_or(OpenError::Dsn)?)?;
    let driver: Vec<_> = settings.driver.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
    configured(&format!("{base}?{}", driver.join("&")), settings)
}

fn parse_pairs(dsn: &str) -> Result<Dsn, OpenError> {
    let settings = Settings::sorted(pairs(dsn).ok_or(OpenError::Dsn)?)?;
    let driver: Vec<_> = settings.driver.iter().map(|(key, value)| format!("{key}={}", quoted(value))).collect();
    configured(&driver.join(" "), settings)
}

fn configured(driver: &str, settings: Settings) -> Result<Dsn, OpenError> {
    let mut config: Config = driver.parse().map_err(|_| OpenError::Dsn)?;
    if !settings.session.is_empty() {
        let options = config.get_options().unwrap_or_default().to_owned() + &settings.session;
        config.options(options);
    }
    Ok(Dsn { config, tls: settings.tls })
}

/// What a DSN asks for, by who reads it.
#[derive(Default)]
struct Settings {
    driver: Vec<(String, String)>,
    /// Command-line options of the server.
    session: String,
    tls: Tls,
}

impl Settings {
    fn sorted(pairs: Vec<(String, String)>) -> Result<Self, OpenError> {
        let mut settings = Self::default();
        for (key, value) in pairs {
            match key.as_str() {
                name if DRIVER_KEYS.contains(&name) => settings.driver.push((key, value)),
                name if name.starts_with("ssl") => settings.tls.set(name, &value)?,
                name => settings.session.push_str(&format!(" -c {name}={}", escaped(&value))),
            }
        }
        Ok(settings)
    }
}

impl Tls {
    /// Takes one of libpq's keys. Those for what is not done here (compression, lists of revoked certificates) change
    /// nothing.
    fn set(&mut self, key: &str, value: &str) -> Result<(), OpenError> {
        match key {
            "sslmode" => self.asked = Some(Mode::named(value).ok_or(OpenError::Dsn)?),
            "sslrootcert" => self.roots = Some(value.into()),
            "sslcert" => self.certificate = Some(value.into()),
            "sslkey" => self.key = Some(value.into()),
            _ => {}
        }
        Ok(())
    }
}

/// The server splits its options at white space: <https://www.postgresql.org/docs/current/libpq-connect.html>, `options`.
fn escaped(value: &str) -> String {
    let mut escaped = String::new();
    for character in value.chars() {
        // C's `isspace`: Rust leaves the vertical tab out.
        if character == '\\' || character.is_ascii_whitespace() || character == '\x0b' {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// A URL without its query, and the query.
///
/// As libpq reads it, credentials end at the first `@`, unless there is a `/` before it; so a `?` may stand in a password.
/// `None` for a URL without a `/` whose query seems to have that `@`: what was taken for credentials would end within a
/// value, and messages would show the rest of it as the host.
fn split_query(dsn: &str) -> Option<(&str, &str)> {
    let start = dsn.find("://")? + "://".len();
    let (credentials, rest) = dsn.split_at(start + dsn.get(start..)?.find(['@', '/']).unwrap_or_default());
    if rest.starts_with('@') && credentials.split_once('?').is_some_and(|(_, after)| after.contains('=')) {
        return None;
    }
    let after = if rest.starts_with('@') { credentials.len() } else { start };
    let place = dsn.get(after..)?.find('?').map_or(dsn.len(), |place| after + place);
    let (base, query) = dsn.split_at_checked(place)?;
    Some((base, query.strip_prefix('?').unwrap_or(query)))
}

/// The pairs of `key=value&key=value`; `None` when the text is anything else.
fn query_pairs(query: &str) -> Option<Vec<(String, String)>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').and_then(|(key, value)| Some((sane_key(key)?, decoded(value)?)))).collect()
}

fn sane_key(key: &str) -> Option<String> {
    (!key.is_empty() && key.chars().all(is_of_a_key)).then(|| key.to_owned())
}

fn is_of_a_key(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '.'
}

/// A value with its `%41` made `A`.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'%' {
            let (digits, tail) = rest.split_at_checked(2)?;
            rest = tail;
            let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn encoded(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
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
    while let Some(character) = rest.next_if(|character| is_of_a_key(*character)) {
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
