//! Mirrors `config.sample.yaml`, and the sample of the Go version's document.

use crate::support::parse_with;
use oar_config::{Access, Config, Database, Order, UpstreamConfig};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The keys of the adapters that the sample shows.
#[derive(Deserialize)]
struct Adapter {
    sk: SecretString,
    #[serde(default)]
    endpoint: String,
    #[serde(default, rename = "keep_header")]
    _keep_header: bool,
    #[serde(default, rename = "stream_hosts")]
    _stream_hosts: Vec<String>,
    #[serde(default, rename = "models")]
    _models: Vec<IgnoredAny>,
}

fn sample_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config.sample.yaml")
}

fn parse(text: &str) -> Config {
    parse_with(text, &[("OPENAI_API_KEY", "key-of-env")])
}

fn adapter(upstream: &UpstreamConfig) -> Adapter {
    upstream.settings.decode().expect("the keys of an adapter")
}

#[test]
fn the_sample_loads_as_it_is() {
    let config = Config::load(&sample_path()).expect("the sample");
    assert_eq!(config.address.to_string(), ":8888");
    assert_eq!(config.upstreams.len(), 1);
    assert_eq!(adapter(&config.upstreams[0]).endpoint, "https://api.openai.com/v1");
    let warnings: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["authorization (line 15): still holds the token of the sample, which everybody knows"]);
}

#[test]
fn each_part_that_is_switched_off_works_when_switched_on() {
    let text = std::fs::read_to_string(sample_path()).expect("the sample");
    let lines: Vec<&str> = text.lines().collect();
    let blocks = switched_off_blocks(&lines);
    assert_eq!(blocks.len(), 30, "blocks: {blocks:?}");
    for block in blocks {
        let switch = |(index, line): (usize, &&str)| match block.contains(&index) {
            true => line.strip_prefix('#').unwrap_or(line).to_owned(),
            false => (*line).to_owned(),
        };
        let edited: Vec<String> = lines.iter().enumerate().map(switch).collect();
        let config = parse(&edited.join("\n"));
        config.upstreams.iter().map(adapter).for_each(drop);
    }
}

/// Runs of lines such as `#key: value`, or `#  key: value`; `# Words` are prose.
fn switched_off_blocks(lines: &[&str]) -> Vec<Vec<usize>> {
    let is_off = |line: &str| match line.strip_prefix('#') {
        Some(rest) => !rest.is_empty() && (!rest.starts_with(' ') || rest.starts_with("  ")),
        None => false,
    };
    let mut blocks: Vec<Vec<usize>> = Vec::new();
    for (index, _) in lines.iter().enumerate().filter(|(_, line)| is_off(line)) {
        match blocks.last_mut() {
            Some(block) if block.last() == Some(&(index - 1)) => block.push(index),
            _ => blocks.push(vec![index]),
        }
    }
    blocks
}

#[test]
fn an_anchor_of_the_sample_can_be_borrowed() {
    let text = std::fs::read_to_string(sample_path()).expect("the sample");
    let text = text.replace("#x-patient", "x-patient").replace("#  timeout: 10m", "  timeout: 10m");
    let text = text.replace("  - sk: YOUR", "  - <<: *patient\n    sk: YOUR");
    assert_eq!(parse(&text).upstreams[0].timeout, Some(Duration::from_secs(600)));
}

/// The sample of the document of the Go version, byte for byte.
const GO_SAMPLE: &str = r#"authorization: woshimima

# 默认超时时间,默认 120 秒,流式请求是 10 秒
timeout: 120
stream_timeout: 10

# 使用 sqlite 作为数据库储存请求记录
dbtype: sqlite
dbaddr: ./db.sqlite

# 使用 postgres 作为数据库储存请求记录
# dbtype: postgres
# dbaddr: "host=127.0.0.1 port=5432 user=postgres dbname=openai_api_route sslmode=disable password=woshimima"

upstreams:
  - sk: hahaha
    endpoint: "https://localhost:8888/v1"
    allow:
      # whisper 等非 JSON API 识别不到 model,则使用 URL 路径作为模型名称
      - /v1/audio/transcriptions

  - sk: "secret_key_1"
    endpoint: "https://api.openai.com/v2"
    timeout: 120 # 请求超时时间,默认120秒
    stream_timeout: 10 # 如果识别到 stream: true, 则使用该超时时间
    allow: # 可选的模型白名单
      - gpt-3.5-trubo
      - gpt-3.5-trubo-0613

  # 您可以设置很多个上游,程序将依次按顺序尝试
  - sk: "secret_key_2"
    endpoint: "https://api.openai.com/v1"
    timeout: 30
    deny:
      - gpt-4

  - sk: "key_for_replicate"
    type: replicate
    allow:
      - mistralai/mixtral-8x7b-instruct-v0.1
"#;

#[test]
fn the_sample_of_the_go_version_means_what_it_meant() {
    let config = parse(GO_SAMPLE);
    assert_eq!(config.tokens[0].expose_secret(), "woshimima");
    assert_eq!((config.timeout, config.stream_timeout), (Duration::from_secs(120), Duration::from_secs(10)));
    assert_eq!(config.order, Order::Configured);
    assert!(matches!(&config.database, Database::Sqlite { path } if path == Path::new("./db.sqlite")));
    assert!(config.warnings.is_empty());
}

#[test]
fn the_upstreams_of_the_go_version_mean_what_they_meant() {
    let config = parse(GO_SAMPLE);
    let names: Vec<_> = config.upstreams.iter().map(|upstream| upstream.name.as_str()).collect();
    assert_eq!(names, ["openai-1", "openai-2", "openai-3", "replicate-4"]);
    let keys: Vec<_> =
        config.upstreams.iter().map(|upstream| adapter(upstream).sk.expose_secret().to_owned()).collect();
    assert_eq!(keys, ["hahaha", "secret_key_1", "secret_key_2", "key_for_replicate"]);
    assert_eq!(config.upstreams[0].allow, ["/v1/audio/transcriptions"]);
    assert_eq!(config.upstreams[1].allow, ["gpt-3.5-trubo", "gpt-3.5-trubo-0613"]);
    assert_eq!(config.upstreams[2].deny, ["gpt-4"]);
    assert_eq!(config.upstreams[2].timeout, Some(Duration::from_secs(30)));
    assert_eq!(config.upstreams[3].backend, "replicate");
    assert!(config.upstreams.iter().all(|upstream| matches!(upstream.access, Access::Global)));
}

#[test]
fn the_token_examples_of_the_go_version_mean_what_they_meant() {
    let config = parse("authorization: woshimima,iampassword\nupstreams:\n  - sk: key\n    authorization: woshimima\n");
    let tokens: Vec<_> = config.tokens.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(tokens, ["woshimima", "iampassword"]);
    assert!(matches!(&config.upstreams[0].access, Access::Tokens(own) if own[0].expose_secret() == "woshimima"));
}
