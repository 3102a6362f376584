//! `records tail`.

use crate::book::{book, failed, row, write};
use crate::program::{Folder, signal};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

/// The program, following.
struct Tail {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Tail {
    fn start(folder: &Folder, words: &str) -> Self {
        let words: Vec<&str> = ["records", "tail"].into_iter().chain(words.split_whitespace()).collect();
        let mut child = folder.command(&words).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The number of the next row.
    async fn next(&mut self) -> String {
        let line = self.lines.next_line().await.unwrap().expect("a line");
        line.split_whitespace().next().unwrap().to_owned()
    }

    /// How it ends, and what it complained about.
    async fn ended(self) -> (Option<i32>, String) {
        drop(self.lines);
        let output = self.child.wait_with_output().await.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

#[tokio::test]
async fn the_last_rows_and_then_each_new_one_are_printed_until_ctrl_c() {
    let folder = book(&[row(0), row(1), failed(2)]).await;
    let mut tail = Tail::start(&folder, "-n 2");
    assert_eq!([tail.next().await, tail.next().await, tail.next().await], ["id", "2", "3"]);
    write(&folder, &[row(3), row(4)]).await;
    assert_eq!([tail.next().await, tail.next().await], ["4", "5"]);
    write(&folder, &[row(5)]).await;
    assert_eq!(tail.next().await, "6");
    signal(tail.child.id().unwrap(), "INT").await;
    assert_eq!(tail.lines.next_line().await.unwrap(), None);
    assert_eq!(tail.ended().await, (Some(0), String::new()));
}

#[tokio::test]
async fn a_filter_holds_for_what_comes_too() {
    let folder = book(&[row(0), failed(1), row(2)]).await;
    let mut tail = Tail::start(&folder, "--outcome errors --json");
    let id = async |tail: &mut Tail| {
        let line = tail.lines.next_line().await.unwrap().expect("a line");
        serde_json::from_str::<serde_json::Value>(&line).unwrap()["id"].as_i64()
    };
    assert_eq!(id(&mut tail).await, Some(2));
    write(&folder, &[row(3), failed(4)]).await;
    assert_eq!(id(&mut tail).await, Some(5));
}

/// `records tail | head -1`.
#[tokio::test]
async fn a_reader_that_leaves_ends_it_quietly() {
    let folder = book(&[row(0)]).await;
    for words in ["", "-n 0", "--json"] {
        let tail = Tail::start(&folder, words);
        assert_eq!(tail.ended().await, (Some(0), String::new()), "{words}");
    }
}
