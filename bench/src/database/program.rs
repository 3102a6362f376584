use std::io;
use std::process::Stdio;
use tokio::process::Command;

/// Runs a program to its end, and yields the lines it prints.
pub(super) async fn lines(mut command: Command) -> io::Result<Vec<String>> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    if !output.status.success() {
        let program = command.as_std().get_program().display();
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("{program}: {}", said.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}
