//! What the manifests may not say. Which of our crates may import which is told, and tested, with `docs/architecture.md`:
//! see `documents/architecture.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

type Names = BTreeSet<String>;

/// Outside crates whose choice is one crate's business, by their names on the registry.
const NAMED_BY: &[(&str, &[&str])] = &[
    ("yaml_serde", &["oar-config"]),
    ("diesel", &["oar-record"]),
    ("diesel-async", &["oar-record"]),
    ("diesel_migrations", &["oar-record"]),
    ("libsqlite3-sys", &["oar-record"]),
    ("tokio-postgres", &["oar-record"]),
    ("tokio-postgres-rustls", &["oar-record"]),
    ("prometheus-client", &["oar-metrics"]),
    ("clap", &["openai-api-route"]),
    ("indicatif", &["openai-api-route"]),
    ("anstyle", &["oar-report"]),
    ("csv", &["oar-report"]),
    ("hdrhistogram", &["oar-report"]),
    ("jiff", &["oar-report"]),
    ("unicode-width", &["oar-report"]),
    ("tracing-subscriber", &["openai-api-route", "oar-testkit"]),
    ("reqwest", &["oar-upstream", "oar-notify"]),
    ("hyper-rustls", &["oar-upstream"]),
    ("hyper", &["oar-upstream", "oar-gateway", "oar-app", "oar-testkit", "oar-bench"]),
];

/// What measures the built gateway, and is not shipped either.
const BENCH: &str = "bench";

/// What would give `oar-routing` a runtime, a wire format or a transport.
const FOREIGN_TO_ROUTING: &[&str] = &["tokio", "hyper", "http", "reqwest", "serde"];

#[test]
fn the_testkit_is_for_tests_only() {
    for package in packages().iter().filter(|package| package.folder != BENCH) {
        assert!(!package.imports.contains("oar-testkit"), "{} ships the testkit", package.name);
    }
}

#[test]
fn heavy_crates_are_named_where_they_belong() {
    let owners: BTreeMap<_, _> = NAMED_BY.iter().copied().collect();
    for package in packages() {
        for import in &package.imports {
            let owner = owners.get(import.as_str());
            let at_home = owner.is_none_or(|owner| owner.contains(&package.name.as_str()));
            assert!(at_home, "{} names {import}, which belongs to {owner:?}", package.name);
        }
    }
}

#[test]
fn a_folder_predicts_its_package() {
    for package in packages() {
        let predicted = match package.folder.split_once('/') {
            Some(("crates", folder)) => format!("oar-{folder}"),
            Some(("bins", folder)) => folder.to_owned(),
            _ if package.folder == BENCH => format!("oar-{BENCH}"),
            _ => panic!("{} has no place in the picture", package.folder),
        };
        assert_eq!(package.name, predicted);
    }
}

#[test]
fn routing_knows_no_runtime_and_no_wire() {
    let tree = cargo(&["tree", "--offline", "--package", "oar-routing", "--edges", "normal", "--prefix", "none"]);
    let names: Names = tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    assert!(names.contains("oar-routing"), "unexpected output of cargo tree:\n{tree}");
    for foreign in FOREIGN_TO_ROUTING {
        assert!(!names.contains(*foreign), "oar-routing depends on {foreign}");
    }
}

/// A package of this workspace as its manifest describes it.
struct Package {
    name: String,
    /// Relative to the workspace, as `crates/routing`.
    folder: String,
    /// Registry names of everything that is built into it: normal and build dependencies, optional ones included.
    imports: Names,
}

fn packages() -> Vec<Package> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).expect("metadata is JSON");
    list(&metadata, "packages").map(package).collect()
}

fn package(metadata: &Value) -> Package {
    let manifest = Path::new(text(metadata, "manifest_path"));
    let folder = manifest.parent().and_then(|folder| folder.strip_prefix(root()).ok());
    let imports = list(metadata, "dependencies").filter(|dependency| !is_for_tests(dependency));
    Package {
        name: text(metadata, "name").to_owned(),
        folder: folder.expect("every member is inside the workspace").display().to_string(),
        imports: imports.map(|dependency| text(dependency, "name").to_owned()).collect(),
    }
}

/// Whether a dependency stays out of what is shipped.
fn is_for_tests(dependency: &Value) -> bool {
    dependency.get("kind").and_then(Value::as_str) == Some("dev")
}

fn list<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    object.get(key).and_then(Value::as_array).expect("a list, by cargo's documentation").iter()
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).expect("a string, by cargo's documentation")
}

/// What the cargo that runs this test prints.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

fn root() -> &'static Path {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates.and_then(Path::parent).expect("this crate lies in crates/testkit")
}
