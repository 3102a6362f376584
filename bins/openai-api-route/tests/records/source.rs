//! Which database is read.

use crate::book::{book, complaint, printed, row};
use crate::program::Folder;
use oar_record::{PostgresStore, Store};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The configuration's variables are those of the gateway's environment, which whoever reads need not have.
#[tokio::test]
async fn nothing_of_the_configuration_needs_to_be_right_but_the_database() {
    let folder = book(&[row(0)]).await;
    std::fs::write(folder.root.path().join("other.yaml"), "timeout: soon\ndbaddr: ./db.sqlite\n").unwrap();
    assert!(printed(&folder, "list -c other.yaml").await.contains("gpt-4o"));
    std::fs::write(folder.root.path().join("other.yaml"), "dbtype: mongo\n").unwrap();
    let left = folder.run(&["-config", "other.yaml", "records", "list"]).await;
    assert_eq!(left.code, Some(1));
    assert!(left.stderr.contains("dbtype (line 1): `mongo` is none of: sqlite, postgres, none"), "{}", left.stderr);
}

#[tokio::test]
async fn a_file_can_be_named_without_a_configuration() {
    let folder = book(&[row(0)]).await;
    std::fs::remove_file(folder.root.path().join("config.yaml")).unwrap();
    for name in ["db.sqlite", "./db.sqlite", "sqlite:db.sqlite"] {
        assert!(printed(&folder, &format!("list --db {name}")).await.contains("gpt-4o"), "{name}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_with_a_remedy() {
    let folder = Folder::new("dbtype: none\n");
    let told = "openai-api-route: nothing is recorded with `dbtype: none`; `--db` names a database\n";
    assert_eq!(complaint(&folder, "list").await, told);
    let told = "openai-api-route: there is no record database `./db.sqlite`; `--db` names another one\n";
    assert_eq!(complaint(&folder, "list --db ./db.sqlite").await, told);
    std::fs::write(folder.database(), "").unwrap();
    let told =
        "openai-api-route: the database `db.sqlite` has no table of records yet; start the gateway with it once\n";
    assert_eq!(complaint(&folder, "list --db db.sqlite").await, told);
    std::fs::write(folder.database(), "no database\n".repeat(100)).unwrap();
    let told = complaint(&folder, "list --db db.sqlite").await;
    assert!(told.starts_with("openai-api-route: the record database `db.sqlite` cannot be read: "), "{told}");
}

/// A database of its own on the scratch server, with a password that nobody asks for, to see it stay unsaid.
async fn scratch_dsn() -> String {
    let url = std::env::var("OAR_TEST_POSTGRES");
    let url = url.expect("run `make test`, which starts a scratch PostgreSQL and sets OAR_TEST_POSTGRES");
    url.replacen("postgres@", "postgres:canary-password@", 1)
}

#[tokio::test]
async fn postgres_is_read_the_same_way() {
    let dsn = scratch_dsn().await;
    let name = format!("model-{}", SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos());
    let mine = oar_record::Row { model: Some(name.clone()), exchange_id: Some(name.clone()), ..row(0) };
    PostgresStore::connect(&dsn.as_str().into()).await.unwrap().write(&[mine].map(Arc::new)).await.unwrap();
    let folder = Folder::new(&format!("dbtype: postgres\ndbaddr: '{dsn}'\n")).with("TZ", "UTC");
    assert!(printed(&folder, &format!("list --model {name}")).await.contains("2026-03-04 05:06:07 ok"));
    assert!(printed(&folder, &format!("show {name}")).await.contains("    hello\n"));
    assert!(printed(&folder, &format!("stats --by model --model {name}")).await.contains("1 requests"));
    assert_eq!(printed(&folder, &format!("export --model {name}")).await.lines().count(), 1);
}

/// A09.
#[tokio::test]
async fn no_password_of_an_address_is_ever_told() {
    let folder = Folder::new("");
    for address in [
        "postgres://u:canary-password@127.0.0.1:1/db",
        "postgres://u:canary@password@127.0.0.1:1/db",
        "postgres://u:canary-password@127.0.0.1:1/db?sslmode=never",
    ] {
        complaint(&folder, &format!("list --db {address}")).await;
    }
    let left = folder.run(&["records", "list", "--db", "host=127.0.0.1 port=1 password=canary-password"]).await;
    assert_eq!(left.code, Some(1));
    assert!(left.stderr.contains("the record database at 127.0.0.1:1 cannot be reached"), "{}", left.stderr);
}
