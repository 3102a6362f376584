//! `docs/moving-over.md`: what `check` says of old files is what the code says, and the keys that stay are keys.

use crate::markdown::Page;
use oar_app::{App, Draft, Problems};

const PAGE: &str = "docs/moving-over.md";

/// A file with a typo, and with an endpoint that never worked.
const BAD: &str = "\
authorization: woshimima
timout: 30
dbtype: sqlite
upstreams:
  - sk: key
    endpoint: api.openai.com/v1
";

/// A good one, in which something may not be meant.
const ODD: &str = "\
authorization: woshimima
timeout: 120
dbtype: sqlite
upstreams:
  - sk: key
    endpoint: https://api.openai.com/v1
    deny: [gpt-4]
  - sk: key
    endpoint: https://openai.example
";

/// The outputs of `check` on the page.
fn told() -> [String; 2] {
    let page = Page::read(PAGE);
    let texts: Vec<String> = page.blocks_in("text").map(|block| block.text.clone()).collect();
    texts.try_into().expect("two outputs")
}

/// All that is wrong with a file, whoever finds it.
fn checked(text: &str) -> Result<App, Problems> {
    Draft::parse(text, "config.yaml", &|_| None).and_then(|draft| App::draft(draft).build())
}

#[test]
fn the_problems_of_an_old_file_are_told_as_check_does() {
    let problems = checked(BAD).expect_err("a typo");
    assert_eq!(told()[0].trim_end(), problems.to_string().trim_end());
}

#[test]
fn what_may_not_be_meant_is_told_as_check_does() {
    let app = checked(ODD).expect("a good file");
    let [warning] = app.warnings() else { panic!("{:?}", app.warnings()) };
    assert!(told()[1].ends_with(&format!("\nwarning: {warning}\n")), "{warning}");
    let lines = app.upstreams().iter().map(|upstream| (&upstream.name, &upstream.endpoint));
    for (name, endpoint) in lines {
        assert!(told()[1].contains(&format!("  {name}  openai  {endpoint} ")), "{name}");
    }
}

/// The table itself stands among them as `records`.
#[test]
fn every_key_that_is_said_to_stay_exists() {
    let known = crate::configuration::known();
    let told = Page::read(PAGE).column("What stays", 0);
    let keys = told.iter().filter_map(|span| span.split(':').next());
    let is_key = |word: &&str| *word != "records" && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let keys: Vec<&str> = keys.filter(is_key).collect();
    assert!(keys.len() > 10, "{keys:?}");
    for key in keys {
        assert!(known.contains(key) || known.contains(&format!("upstreams[].{key}")), "`{key}` does not exist");
    }
}
