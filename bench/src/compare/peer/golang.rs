use super::grounds::Kept;
use crate::compare::behind::Behind;
use crate::compare::crew::Crew;
use std::io;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// Builds the proxy of `bench/peers/go` into a folder; it imports nothing but Go's standard library.
pub(super) async fn build(folder: &Path) -> io::Result<PathBuf> {
    let (source, program) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/go/main.go"), folder.join("go-proxy"));
    let mut go = Command::new("go");
    go.arg("build").arg("-o").arg(&program).arg(source);
    go.env("GO111MODULE", "off").env("GOFLAGS", "").env("CGO_ENABLED", "0").env("GOCACHE", folder.join("go-cache"));
    let built = go.kill_on_drop(true).output().await.map_err(|error| {
        io::Error::other(format!("go: {error}; install Debian's golang, or leave it out with --peers"))
    })?;
    match built.status.success() {
        true => Ok(program),
        false => Err(io::Error::other(format!("go build: {}", String::from_utf8_lossy(&built.stderr)))),
    }
}

pub(super) async fn start(program: &Path, behind: &Behind) -> io::Result<Kept> {
    let mut crew = Crew::start(program, [behind.url()])?;
    let said = crew.hear().await?;
    let addr = said.strip_prefix("listening ").and_then(|addr| addr.parse().ok());
    let addr = addr.ok_or_else(|| io::Error::other(format!("Go's proxy says `{said}`")))?;
    Ok(Kept::Stranger(crew, addr))
}
