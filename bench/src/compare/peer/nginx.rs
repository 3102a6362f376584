use super::grounds::Kept;
use crate::compare::behind::Behind;
use crate::compare::crew::Crew;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// How long it may take until it listens.
const START_PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Where its program is; Debian keeps it off an ordinary user's path.
pub(super) fn find() -> io::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = folders.map(|folder| folder.join("nginx")).find(|program| program.is_file());
    found.ok_or_else(|| io::Error::other("there is no nginx; install Debian's, or leave it out with --peers"))
}

pub(super) async fn start(folder: &Path, behind: &Behind) -> io::Result<Kept> {
    let addr = free_port()?;
    let config = folder.join("nginx.conf");
    fs::write(&config, configuration(folder, addr, behind))?;
    let log = folder.join("error.log");
    let mut crew = Crew::start(&find()?, ["-e".as_ref(), log.as_os_str(), "-c".as_ref(), config.as_os_str()])?;
    let until = Instant::now() + START_PATIENCE;
    while TcpStream::connect(addr).await.is_err() {
        if crew.ended()? || Instant::now() > until {
            return Err(io::Error::other(format!("nginx does not listen:\n{}", fs::read_to_string(&log)?)));
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(Kept::Stranger(crew, addr))
}

/// A port that is free now: nginx cannot be asked to choose one itself.
fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// As one would tune it to pass on a model's answers: one worker, connections kept on both sides, nothing buffered, no log.
fn configuration(folder: &Path, addr: SocketAddr, behind: &Behind) -> String {
    let (folder, scheme, upstream) = (folder.display(), behind.scheme(), behind.addr);
    format!(
        "daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
user root root;
pid '{folder}/nginx.pid';
error_log '{folder}/error.log' error;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    tcp_nodelay on;
    keepalive_requests 100000000;
    client_max_body_size 64m;
    client_body_temp_path '{folder}/body';
    proxy_temp_path '{folder}/proxy';
    fastcgi_temp_path '{folder}/fastcgi';
    uwsgi_temp_path '{folder}/uwsgi';
    scgi_temp_path '{folder}/scgi';
    upstream stand_in {{
        server {upstream};
        keepalive 1024;
        keepalive_requests 100000000;
    }}
    server {{
        listen {addr} backlog=4096;
        location / {{
            proxy_pass {scheme}://stand_in;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            proxy_buffering off;
            proxy_request_buffering off;
            proxy_read_timeout 300s;
            proxy_ssl_verify off;
        }}
    }}
}}
"
    )
}
