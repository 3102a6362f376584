//! `-list`.

use crate::program::Folder;

const FILE: &str = "
authorization: canary-token
upstreams:
  - {sk: canary-key, endpoint: 'https://example.com/v1', name: main}
  - {sk: asis, endpoint: 'http://127.0.0.1:8000/v1', authorization: 'canary-a,canary-b'}
  - {type: replicate, sk: canary-key, allow: [meta/llama]}
";

#[tokio::test]
async fn the_list_tells_each_upstream_and_no_secret() {
    let folder = Folder::new(FILE);
    for word in ["-list", "--list", "-list=true"] {
        let left = folder.run(&[word]).await;
        assert_eq!((left.code, left.stderr.as_str()), (Some(0), ""), "{word}");
        assert!(!left.stdout.contains("canary"), "{}", left.stdout);
        let lines: Vec<Vec<&str>> = left.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["1", "main", "openai", "https://example.com/v1", "global", "tokens"]);
        assert_eq!(lines[1], ["2", "openai-2", "openai", "http://127.0.0.1:8000/v1", "2", "own", "tokens"]);
        assert_eq!(lines[2][..3], ["3", "replicate-3", "replicate"]);
        assert!(left.stdout.ends_with("allow: meta/llama\n"));
    }
    assert!(!folder.database().exists(), "listing opens nothing");
}
