//! The comparison's own processes, without a proxy between them: nothing has to be installed for that.

use std::process::Command;

fn bench(words: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bench")).args(words).output().expect("the program is built");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn every_load_is_put_at_the_upstream_itself() {
    let loads = "plain,rate,paced,burst,upload,crowd";
    let (done, said) =
        bench(&["--binary", "none", "--peers", "direct", "--rounds", "1", "--size", "quick", "--only", loads]);
    assert!(done, "{said}");
    assert_eq!(said.matches("| direct, no proxy |").count(), 6, "{said}");
    assert!(!said.contains("NaN"), "{said}");
}

#[test]
fn a_gateway_that_is_not_there_ends_it() {
    let (done, said) =
        bench(&["--binary", "none", "--peers", "ours-none", "--rounds", "1", "--size", "quick", "--only", "plain"]);
    assert!(!done && said.contains("ours-none, plain:"), "{said}");
}

#[test]
fn what_is_unknown_is_refused() {
    for wrong in [["--peers", "apache"], ["--only", "everything"], ["--size", "huge"]] {
        let (done, said) = bench(&["--binary", "none", wrong[0], wrong[1]]);
        assert!(!done && said.contains("is none of: ") && said.contains("usage: bench"), "{said}");
    }
}
