//! A PostgreSQL server that a test has for itself: to stop, to freeze, to have its certificate changed.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Gone when it is dropped, or when the process ends however it does.
pub(crate) struct Server {
    /// Of the superuser.
    pub(crate) url: String,
    console: Child,
    orders: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/with-postgres.sh");
        let mut command = Command::new(script);
        let mut console = command.arg("--console").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (orders, answers) = (console.stdin.take(), console.stdout.take().unwrap());
        let mut answers = BufReader::new(answers).lines();
        let url = answers.next().expect("the server starts").unwrap();
        Self { url, console, orders, answers }
    }

    /// Does what a line of the script's console means: `stop`, `start`, `freeze`, `thaw`.
    pub(crate) fn order(&mut self, order: &str) {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
        assert_eq!(self.answers.next().expect(order).unwrap(), "done");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.console.wait();
    }
}
