//! `healthcheck`: asks the gateway that runs with this file how it is, for supervisors that can only start a program.
//!
//! HTTP by hand, over a plain socket: one line is asked and one is read, and the program starts in a millisecond.

use crate::output::{fail, print, refuse};
use clap::{Args, ValueEnum};
use oar_app::{Draft, Problem, Problems};
use oar_config::ListenAddress;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long all answers together may take. Supervisors wait longer before they give the program itself up.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// `HTTP/1.1 200`: all that is looked at of an answer.
const STATUS_BYTES: usize = 12;

/// Asks the gateway that runs with this file.
#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    /// What to ask it.
    #[arg(value_enum, default_value_t = Question::Ready)]
    pub(crate) question: Question,
}

/// What a gateway can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Question {
    /// Whether clients may be sent to it.
    Ready,
    /// Whether the process serves.
    Alive,
}

/// Why nobody can say that it is well.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("`{0}` lets the system choose a port, so nobody knows where to ask")]
    AnyPort(ListenAddress),
    #[error("`{0}` has no address")]
    NoAddress(ListenAddress),
    #[error("`{0}` cannot be resolved")]
    Unresolved(ListenAddress, #[source] io::Error),
    #[error("{0} does not answer")]
    Silent(SocketAddr, #[source] io::Error),
    #[error("{asked} at {at} was answered {status}")]
    Unwell { asked: Question, at: SocketAddr, status: String },
}

impl Question {
    const fn path(self) -> &'static str {
        match self {
            Self::Ready => "/readyz",
            Self::Alive => "/livez",
        }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

/// Asks, and tells in one line what came of it: exit code 0 when all is well, else 1.
pub(crate) fn run(args: &HealthArgs, config: &Path) -> ExitCode {
    let addresses = match addresses(config) {
        Ok(addresses) => addresses,
        Err(problems) => return refuse(&problems),
    };
    match ask_all(&addresses, args.question, Instant::now() + TIME_LIMIT) {
        Ok(answered) => print(&format!("{answered}\n")),
        Err(failure) => fail(&failure),
    }
}

/// Where the gateway listens: for the API and, if it is set, for the metrics.
///
/// Nothing else of the file has to be right: a gateway serves on while somebody edits it.
fn addresses(config: &Path) -> Result<Vec<ListenAddress>, Problems> {
    let Draft { config, problems } = Draft::load(config)?;
    Problems::unless_empty(problems.into_iter().filter(is_about_addresses).collect())?;
    Ok(std::iter::once(config.address).chain(config.metrics.listen).collect())
}

fn is_about_addresses(problem: &Problem) -> bool {
    matches!(problem.path.as_str(), "address" | "metrics_listen")
}

/// All have to be well.
fn ask_all(addresses: &[ListenAddress], question: Question, until: Instant) -> Result<String, Failure> {
    let mut answered = Vec::new();
    for address in addresses {
        let at = ask_one(address, question, until)?;
        answered.push(format!("{question} at {at} was answered 200"));
    }
    Ok(answered.join(", "))
}

/// One listener may be reached in several ways, of which one is enough.
fn ask_one(address: &ListenAddress, question: Question, until: Instant) -> Result<SocketAddr, Failure> {
    let mut silent = None;
    for at in ways_to(address)? {
        match ask(at, question, until) {
            Ok(status) if status == "200" => return Ok(at),
            Ok(status) => return Err(Failure::Unwell { asked: question, at, status }),
            Err(error) => silent = silent.or(Some(Failure::Silent(at, error))),
        }
    }
    Err(silent.unwrap_or_else(|| Failure::NoAddress(address.clone())))
}

/// How to reach it from this machine. IPv4 first: that is there wherever the gateway took every address.
fn ways_to(address: &ListenAddress) -> Result<Vec<SocketAddr>, Failure> {
    if address.port() == 0 {
        return Err(Failure::AnyPort(address.clone()));
    }
    let mut ways = Vec::new();
    for candidate in address.candidates() {
        let found = candidate.to_socket_addrs().map_err(|error| Failure::Unresolved(address.clone(), error))?;
        ways.extend(found.map(reachable));
    }
    ways.sort_by_key(SocketAddr::is_ipv6);
    Ok(ways)
}

/// What listens on every address is asked on the loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The status of the answer.
fn ask(at: SocketAddr, question: Question, until: Instant) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&at, left(until)?)?;
    stream.set_write_timeout(Some(left(until)?))?;
    write!(stream, "GET {question} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n")?;
    let mut head = Vec::new();
    let mut piece = [0; STATUS_BYTES];
    while head.len() < STATUS_BYTES {
        stream.set_read_timeout(Some(left(until)?))?;
        match stream.read(&mut piece).map_err(timely)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            read => head.extend(piece.iter().take(read)),
        }
    }
    status(&head).ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "what answers there does not speak HTTP"))
}

fn status(head: &[u8]) -> Option<String> {
    let head = std::str::from_utf8(head.get(..STATUS_BYTES)?).ok()?;
    let digits = head.strip_prefix("HTTP/1.1 ").or_else(|| head.strip_prefix("HTTP/1.0 "))?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.to_owned())
}

/// What is left of the time; none is an error, because a socket takes zero for no limit.
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// A socket that waited long enough says that it would have to wait.
fn timely(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::WouldBlock { ErrorKind::TimedOut.into() } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(address: &str) -> Vec<String> {
        ways_to(&address.parse().expect("an address")).expect(address).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_listens_everywhere_is_asked_on_the_loopback() {
        assert_eq!(ways(":8888"), ["127.0.0.1:8888", "[::1]:8888"]);
        assert_eq!(ways("0.0.0.0:8888"), ["127.0.0.1:8888"]);
        assert_eq!(ways("[::]:8888"), ["[::1]:8888"]);
        assert_eq!(ways("127.0.0.2:80"), ["127.0.0.2:80"]);
    }

    #[test]
    fn a_status_is_three_digits_of_http() {
        assert_eq!(status(b"HTTP/1.1 200 OK").as_deref(), Some("200"));
        assert_eq!(status(b"HTTP/1.0 503 ").as_deref(), Some("503"));
        for other in [&b"HTTP/1.1 2"[..], b"HTTP/2.0 200 ", b"SSH-2.0-OpenSSH", b"HTTP/1.1 2 0 "] {
            assert_eq!(status(other), None, "{}", other.escape_ascii());
        }
    }
}
