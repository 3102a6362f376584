//! `check`, and what a bad file or a bad word comes to.

use crate::program::Folder;

/// Four mistakes, each of another kind, and two secrets near them.
const BAD: &str = "\
authorization: canary-token
timeout: soon
adress: ':1'
dbtype: mongo
upstreams:
  - sk: canary-key
    endpoint: https://example.com/v1
    allow: 5
";

const COMPLAINT: &str = "\
config.yaml: 4 problems
  timeout (line 2): `soon` is not a span of time
    hint: write seconds (`30`), or a number with a unit (`500ms`, `30s`, `1m`, `2h`)
  adress (line 3): unknown key
    hint: did you mean `address`?
  dbtype (line 4): `mongo` is none of: sqlite, postgres, none
  upstreams[0].allow (line 8): must be a list, not a single value
    hint: begin each item with `- ` on a line of its own
";

#[tokio::test]
async fn a_bad_file_is_refused_with_every_problem_at_once() {
    let folder = Folder::new(BAD);
    for arguments in
        [&["check", "-config", "config.yaml"][..], &["-config", "config.yaml"], &["-config=config.yaml", "-list"]]
    {
        let left = folder.run(arguments).await;
        assert_eq!((left.code, left.stdout.as_str(), left.stderr.as_str()), (Some(1), "", COMPLAINT), "{arguments:?}");
    }
    assert!(!folder.database().exists());
}

#[tokio::test]
async fn the_problems_of_all_backends_are_told_at_once() {
    let folder = Folder::new(
        "authorization: canary-token\nupstreams:\n  - {sk: canary-key, endpoint: api.openai.com/v1}\n  \
         - {sk: canary-key, endpont: 'https://example.com/v1'}\n  - {type: replicat, sk: canary-key}\n",
    );
    let left = folder.run(&["check", "-config", "config.yaml"]).await;
    let complaint = "\
config.yaml: 3 problems
  upstreams[0].endpoint (line 3): `api.openai.com/v1` is not an absolute http or https URL
    hint: write `https://api.openai.com/v1`
  upstreams[1].endpont (line 4): unknown key
    hint: did you mean `endpoint`?
  upstreams[2].type (line 5): unknown backend `replicat` (known: openai, replicate)
    hint: did you mean `replicate`?
";
    assert_eq!((left.code, left.stdout.as_str(), left.stderr.as_str()), (Some(1), "", complaint));
}

/// The keys of a backend are read by somebody else than the host's; whoever mends a file should not have to know.
#[tokio::test]
async fn problems_of_the_host_and_of_a_backend_are_told_together() {
    let folder = Folder::new(
        "authorization: canary-token\ntimeout: soon\nupstreams:\n  - {sk: canary-key, endpoint: api.openai.com/v1}\n",
    );
    let left = folder.run(&["check"]).await;
    assert_eq!((left.code, left.stdout.as_str()), (Some(1), ""));
    for part in ["2 problems", "timeout (line 2): `soon`", "upstreams[0].endpoint (line 4): `api.openai.com/v1`"] {
        assert!(left.stderr.contains(part), "{part} in\n{}", left.stderr);
    }
    assert!(!left.stderr.contains("canary"));
}

#[tokio::test]
async fn a_good_file_is_told_in_short_with_what_may_not_be_meant() {
    let folder = Folder::new(
        "authorization: canary-token\nupstreams:\n  - {sk: '${KEY}', endpoint: 'https://example.com/v1', allow: [a, b]}\n  \
         - {sk: '', endpoint: 'https://example.org/v1', noauth: true, deny: [c]}\n",
    )
    .with("KEY", "canary-key");
    let left = folder.run(&["check"]).await;
    let expected = "\
./config.yaml: ok
  1  openai-1  openai  https://example.com/v1  global tokens  allow: a, b
  2  openai-2  openai  https://example.org/v1  anyone  deny: c  (sk is empty)
warning: upstreams[1].sk (line 4): sk is empty: every request that reaches `openai-2` will be answered 500
";
    assert_eq!((left.code, left.stdout.as_str(), left.stderr.as_str()), (Some(0), expected, ""));
}

#[tokio::test]
async fn the_sample_is_good() {
    let sample = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../config.sample.yaml")).unwrap();
    let left = Folder::new(&sample).run(&["check"]).await;
    assert_eq!((left.code, left.stderr.as_str()), (Some(0), ""));
    assert!(left.stdout.starts_with("./config.yaml: ok\n"), "{}", left.stdout);
}

#[tokio::test]
async fn a_missing_file_is_told_with_what_to_do() {
    let folder = Folder::new("");
    let left = folder.run(&["-config", "other.yaml"]).await;
    let told = "other.yaml: 1 problem\n  there is no such file\n    \
                hint: `cp config.sample.yaml config.yaml` and edit it, or name another file with `-config FILE`\n";
    assert_eq!((left.code, left.stdout.as_str(), left.stderr.as_str()), (Some(1), "", told));
}

#[tokio::test]
async fn the_version_is_told_with_one_dash_or_two() {
    let folder = Folder::new("");
    for word in ["--version", "-version", "-V"] {
        let left = folder.run(&[word]).await;
        let version = concat!("openai-api-route ", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!((left.code, left.stdout.as_str(), left.stderr.as_str()), (Some(0), version, ""), "{word}");
    }
}

#[tokio::test]
async fn help_names_every_flag_and_the_subcommand() {
    let folder = Folder::new("");
    for word in ["--help", "-help", "-h"] {
        let left = folder.run(&[word]).await;
        assert_eq!((left.code, left.stderr.as_str()), (Some(0), ""), "{word}");
        for part in ["--config", "--list", "--dblog", "--log-format", "--version", "check"] {
            assert!(left.stdout.contains(part), "{part} after {word}");
        }
    }
}

#[tokio::test]
async fn a_word_that_means_nothing_is_an_error_of_its_own() {
    let folder = Folder::new("");
    for word in ["-lst", "--confg", "chek"] {
        let left = folder.run(&[word]).await;
        assert_eq!((left.code, left.stdout.as_str()), (Some(2), ""), "{word}");
        assert!(left.stderr.starts_with("error: "), "{}", left.stderr);
    }
}
