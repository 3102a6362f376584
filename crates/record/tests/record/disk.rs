//! D05, D06: a disk that is full, and one that fails, under the real store.
//!
//! A file system of a few hundred kilobytes is the real thing, where one may be mounted. Faults that no disk has on demand
//! are injected below SQLite by libfiu (Debian's `fiu-utils`, which `make test` installs), into a process of its own: this
//! very program, told to run [`console`] alone.

use crate::exchanges::row;
use crate::scratch::{Database, Sqlite};
use oar_record::{Row, SqliteStore, Store, StoreError};
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// Tells a process of this program that it is the store of a test: the path of the database.
const CONSOLE_PATH: &str = "OAR_TEST_CONSOLE";

/// What a line of the console's answers begins with, among what else is printed.
const ANSWER: &str = "> ";

/// A batch of rows that take about 100 KB.
fn batch(name: &str) -> Vec<Arc<Row>> {
    let body = "x".repeat(10_000);
    (0..10).map(|number| Arc::new(Row { body: Some(body.clone()), ..row(&format!("{name}-{number}")) })).collect()
}

fn told(outcome: &Result<(), StoreError>) -> &'static str {
    match outcome {
        Ok(()) => "ok",
        Err(StoreError::Full(_)) => "full",
        Err(StoreError::Unavailable(_)) => "unavailable",
        Err(StoreError::Rejected(_)) => "rejected",
        Err(_) => "something new",
    }
}

async fn obey(path: &Path, orders: impl BufRead, mut answers: impl Write) {
    let mut store = SqliteStore::open(path).await.unwrap();
    writeln!(answers, "{ANSWER}open").unwrap();
    for order in orders.lines() {
        let outcome = told(&store.write(&batch(&order.unwrap())).await);
        writeln!(answers, "{ANSWER}{outcome}").unwrap();
    }
}

/// A store that writes a batch for each line it is given and says what came of it. By itself, it shows that it does.
#[tokio::test]
async fn console() {
    if let Some(path) = std::env::var_os(CONSOLE_PATH) {
        return obey(Path::new(&path), std::io::stdin().lock(), std::io::stdout()).await;
    }
    let database = Sqlite::new().await;
    let mut answers = Vec::new();
    obey(&database.path, "a\nb\na\n".as_bytes(), &mut answers).await;
    assert_eq!(String::from_utf8(answers).unwrap(), "> open\n> ok\n> ok\n> ok\n");
    check_rows(&database, &["a", "b"]).await;
}

/// The file is sound, and these batches are in it, whole and once.
async fn check_rows(database: &Sqlite, batches: &[&str]) {
    assert_eq!(database.text("SELECT integrity_check FROM pragma_integrity_check").await, "ok");
    for batch in batches {
        let count = format!("SELECT CAST(count(*) AS text) FROM records WHERE exchange_id LIKE '{batch}-%'");
        assert_eq!(database.text(&count).await, "10", "{batch}");
    }
    let count = "SELECT CAST(count(*) AS text) FROM records";
    assert_eq!(database.text(count).await, (batches.len() * 10).to_string());
}

/// [`console`] in a process of its own, with faults at hand.
struct Failing {
    process: Child,
    answers: Lines<BufReader<ChildStdout>>,
    pipes: TempDir,
}

impl Failing {
    fn start(path: &Path) -> Self {
        let pipes = tempfile::tempdir().unwrap();
        let mut command = Command::new("fiu-run");
        command.args(["-x", "-f"]).arg(pipes.path().join("fiu")).arg(std::env::current_exe().unwrap());
        command.args(["--exact", "disk::console", "--nocapture"]).env(CONSOLE_PATH, path);
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("`make test` installs it");
        let answers = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut failing = Self { process, answers, pipes };
        assert_eq!(failing.answer(), "open");
        failing
    }

    /// Enables or disables a fault: <https://blitiri.com.ar/p/libfiu/doc/man-fiu-ctrl.html>.
    fn fault(&self, command: &str) {
        let pipes = self.pipes.path().join("fiu");
        let mut control = Command::new("fiu-ctrl");
        control.arg("-f").arg(pipes).args(["-c", command, &self.process.id().to_string()]);
        assert!(control.status().unwrap().success(), "{command}");
    }

    fn write(&mut self, name: &str) -> String {
        writeln!(self.process.stdin.as_mut().unwrap(), "{name}").unwrap();
        self.answer()
    }

    fn answer(&mut self) -> String {
        let answer =
            self.answers.find_map(|line| line.unwrap().split_once(ANSWER).map(|(_, answer)| answer.to_owned()));
        answer.expect("the store lives")
    }

    fn end(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

/// D06: a batch whose `fsync` failed is not called written, and none is lost.
#[tokio::test]
async fn a_batch_that_did_not_reach_the_disk_is_not_called_written() {
    let database = Sqlite::new().await;
    let mut store = Failing::start(&database.path);
    assert_eq!(store.write("a"), "ok");
    store.fault("enable name=posix/io/sync/*,failinfo=5");
    assert_eq!([store.write("b"), store.write("b")], ["unavailable", "unavailable"]);
    store.fault("disable name=posix/io/sync/*");
    assert_eq!([store.write("b"), store.write("c")], ["ok", "ok"]);
    store.end();
    check_rows(&database, &["a", "b", "c"]).await;
}

/// D05: whether or not one may mount file systems here.
#[tokio::test]
async fn writes_that_find_no_room_are_told_so_and_go_on_when_there_is_some() {
    check_injected_full_disk().await;
}

async fn check_injected_full_disk() {
    let database = Sqlite::new().await;
    let mut store = Failing::start(&database.path);
    assert_eq!(store.write("a"), "ok");
    store.fault("enable name=posix/io/rw/pwrite,failinfo=28");
    assert_eq!([store.write("b"), store.write("b")], ["full", "full"]);
    store.fault("disable name=posix/io/rw/pwrite");
    assert_eq!([store.write("b"), store.write("c")], ["ok", "ok"]);
    store.end();
    check_rows(&database, &["a", "b", "c"]).await;
}

/// A file system in memory; gone when it is dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` where this process may not mount one.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then(|| Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

/// D05: with the real thing for root, with injected faults for everybody else.
#[tokio::test]
async fn a_full_file_system_costs_no_row_that_was_written() {
    let Some(disk) = SmallDisk::mount() else { return check_injected_full_disk().await };
    let (filler, path) = (disk.0.path().join("filler"), disk.0.path().join("db.sqlite"));
    std::fs::write(&filler, vec![0; 300 * 1024]).unwrap();
    let mut store = SqliteStore::open(&path).await.unwrap();
    let mut written = 0;
    while told(&store.write(&batch(&written.to_string())).await) == "ok" {
        written += 1;
    }
    assert!((1..10).contains(&written), "{written}");
    // It stays full, and says so each time, also to those who have never met it otherwise.
    for store in [&mut store, &mut SqliteStore::open(&path).await.unwrap()] {
        assert_eq!(told(&store.write(&batch("more")).await), "full");
    }
    std::fs::remove_file(filler).unwrap();
    assert_eq!(told(&store.write(&batch("more")).await), "ok");
    let names: Vec<_> = (0..written).map(|number| number.to_string()).chain(["more".to_owned()]).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    check_rows(&Sqlite::at(path), &names).await;
}
