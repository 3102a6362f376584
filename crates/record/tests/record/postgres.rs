use crate::exchanges::row;
use crate::scratch::{Database, Postgres};
use oar_record::{OpenError, PostgresStore, Store, StoreError};
use secrecy::ExposeSecret;
use std::error::Error;
use std::sync::Arc;
use tokio::net::TcpListener;

const TERMINATE: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
                         AND pid <> pg_backend_pid()";

/// Everything that an error says, its causes and its `Debug` included.
fn everything_told(error: &OpenError) -> String {
    let cause = error.source().map(|cause| format!("{cause}: {:?}", cause.source().map(ToString::to_string)));
    format!("{error} {cause:?} {error:?}")
}

#[tokio::test]
async fn both_forms_of_dsn_connect() {
    let database = Postgres::new().await;
    for dsn in [database.url(), database.pairs()] {
        PostgresStore::connect(&dsn).await.unwrap();
    }
}

/// D04.
#[tokio::test]
async fn a_lost_connection_is_made_anew_by_the_next_write() {
    let database = Postgres::new().await;
    let mut store = database.open().await;
    for id in ["a", "b"] {
        database.sql(TERMINATE).await;
        store.write(&[row(id)].map(Arc::new)).await.unwrap();
    }
    assert_eq!(store.recent(10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_lazy_store_brings_the_table_up_to_date_with_its_first_write() {
    let database = Postgres::new().await;
    let mut store = PostgresStore::lazy(&database.url()).unwrap();
    store.write(&[row("a")].map(Arc::new)).await.unwrap();
    assert_eq!(store.recent(10).await.unwrap().len(), 1);
}

/// The error has no kind that tells whose fault it is, so the store has to find out.
#[tokio::test]
async fn a_row_that_a_trigger_refuses_is_rejected_and_others_are_not() {
    let database = Postgres::new().await;
    let mut store = database.open().await;
    database
        .sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON records FOR EACH ROW WHEN (NEW.exchange_id = 'bad') \
             EXECUTE FUNCTION refuse()",
        )
        .await;
    let error = store.write(&[row("good"), row("bad")].map(Arc::new)).await.unwrap_err();
    assert!(matches!(error, StoreError::Rejected(_)), "{error:?}");
    store.write(&[row("good")].map(Arc::new)).await.unwrap();
    assert_eq!(store.recent(10).await.unwrap().len(), 1);
}

/// A full disk, a lock, a deadlock and their like may befall one row alone, for its size or its moment.
#[tokio::test]
async fn a_failure_of_the_servers_is_no_rows_fault_even_when_it_strikes_one_row_only() {
    let database = Postgres::new().await;
    let mut store = database.open().await;
    for code in ["08006", "40P01", "53100", "53200", "55P03", "57014", "58030"] {
        database
            .sql(&format!(
                "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$;
                 CREATE OR REPLACE TRIGGER fail BEFORE INSERT ON records FOR EACH ROW WHEN (NEW.exchange_id = 'big') \
                 EXECUTE FUNCTION fail()"
            ))
            .await;
        let error = store.write(&[row("big")].map(Arc::new)).await.unwrap_err();
        // D05: `disk_full` is told apart.
        let is_full = matches!(error, StoreError::Full(_));
        assert!(
            if code == "53100" { is_full } else { matches!(error, StoreError::Unavailable(_)) },
            "{code}: {error:?}"
        );
    }
    database.sql("DROP TRIGGER fail ON records").await;
    store.write(&[row("big")].map(Arc::new)).await.unwrap();
}

/// A table that takes nothing at all is the store's fault: rows wait for it.
#[tokio::test]
async fn a_table_that_is_gone_is_no_rows_fault() {
    let database = Postgres::new().await;
    let mut store = database.open().await;
    database.sql("ALTER TABLE records RENAME TO elsewhere").await;
    let error = store.write(&[row("a")].map(Arc::new)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    database.sql("ALTER TABLE elsewhere RENAME TO records").await;
    store.write(&[row("a")].map(Arc::new)).await.unwrap();
}

/// D02.
#[tokio::test]
async fn a_database_that_does_not_exist_needs_another_dsn() {
    let database = Postgres::new().await;
    database.sql("CREATE ROLE guest LOGIN PASSWORD 'x'").await;
    let address = dsn_address(&database);
    let dsn = format!("postgres://guest:canary-password@{address}/nowhere");
    let error = PostgresStore::connect(&dsn.into()).await.unwrap_err();
    assert!(matches!(error, OpenError::Refused { .. }) && !error.is_temporary(), "{error:?}");
    assert!(error.to_string().contains(&address) && !everything_told(&error).contains("canary"), "{error:?}");
    database.sql("DROP ROLE guest").await;
}

#[tokio::test]
async fn a_setting_that_the_server_does_not_know_needs_another_dsn_in_either_form() {
    let database = Postgres::new().await;
    let (url, pairs) = (database.url(), database.pairs());
    for dsn in [format!("{}?nonsense=1", url.expose_secret()), format!("{} nonsense=1", pairs.expose_secret())] {
        let error = PostgresStore::connect(&dsn.into()).await.unwrap_err();
        assert!(matches!(error, OpenError::Refused { .. }), "{error:?}");
    }
    let dsn = format!("{}?TimeZone=Asia/Shanghai&sslmode=allow&sslcrl=x", url.expose_secret());
    PostgresStore::connect(&dsn.into()).await.unwrap();
}

/// D02.
#[tokio::test]
async fn a_server_that_is_not_there_may_be_later() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error =
        PostgresStore::connect(&format!("postgres://me:canary-password@{address}/records").into()).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreachable { .. }) && error.is_temporary(), "{error:?}");
    assert!(
        error.to_string().contains(&address.to_string()) && !everything_told(&error).contains("canary"),
        "{error:?}"
    );
}

/// D04: it accepts and never answers.
#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let dsn = format!("postgres://me:canary-password@{address}/records").into();
    let mut store = PostgresStore::lazy(&dsn).unwrap();
    let error = store.write(&[row("a")].map(Arc::new)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}

#[test]
fn debug_shows_the_address_only() {
    let store = PostgresStore::lazy(&"postgres://me:canary-password@db:5433/records".to_owned().into()).unwrap();
    assert_eq!(format!("{store:?}"), "PostgresStore { address: \"db:5433\", .. }");
}

fn dsn_address(database: &Postgres) -> String {
    let shown = format!("{:?}", PostgresStore::lazy(&database.url()).unwrap());
    shown.split('"').nth(1).unwrap().to_owned()
}
