//! The table, brought up to date.

use super::fault::{Fault, fault};
use super::server::Server;
use super::session::{AnyError, Session, Wire, ask};
use crate::OpenError;
use crate::schema::{self, INDICES, Index};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::MigrationHarness;
use std::time::Duration;
use tokio::time::Instant;
use tokio_postgres::Client;

/// Held while migrating, so that gateways starting at once take turns. The number has no meaning but must never change.
const MIGRATION_LOCK: i64 = 0x6f61_7200;

/// The same for indices: a gateway that starts waits for no other's.
const INDEX_LOCK: i64 = 0x6f61_7201;

/// How long one index of a large table may take.
const INDEX_PATIENCE: Duration = Duration::from_secs(30 * 60);

impl Server {
    /// Gives the table its columns, and its indices unless it is larger than `small` bytes; then those that are to be made
    /// later are returned.
    pub(super) async fn bring_up_to_date(&self, small: i64) -> Result<Vec<&'static Index>, OpenError> {
        self.migrate().await?;
        let (missing, bytes) = self.missing().await?;
        if bytes > small && !missing.is_empty() {
            tracing::info!(bytes, "the record table is large and lacks indices, which are made while the gateway runs");
            return Ok(missing);
        }
        for index in missing {
            self.make(index).await?;
        }
        Ok(Vec::new())
    }

    /// Gives the table its columns, on a connection of its own.
    ///
    /// Diesel does not pass on which error a migration met. One that came before the server's time limits could be over
    /// is the table's; any other may be a lock or a slow server, and pass.
    async fn migrate(&self) -> Result<(), OpenError> {
        let Session { client, mut connection } = self.log_in(self.limits.migration).await?;
        self.lock(MIGRATION_LOCK, &client, &mut connection).await?;
        let started = Instant::now();
        match ask(&mut connection, self.limits.migration, migrate(client)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) if started.elapsed() < self.limits.lock => Err(self.cannot_change(source)),
            Ok(Err(late)) => Err(self.unreachable(late)),
            Err(lost) => Err(self.unreachable(lost)),
        }
    }

    /// Makes an index, on a connection of its own. Rows that other gateways have wait meanwhile.
    pub(super) async fn make(&self, index: &Index) -> Result<(), OpenError> {
        let patience = self.limits.migration.max(INDEX_PATIENCE);
        let Session { client, mut connection } = self.log_in(patience).await?;
        self.lock(INDEX_LOCK, &client, &mut connection).await?;
        let made = ask(&mut connection, patience, client.batch_execute(index.sql)).await;
        made.map_err(|error| match fault(&error) {
            Fault::Store => self.unreachable(error),
            Fault::Row | Fault::Unclear => self.cannot_change(error),
        })
    }

    /// The indices that the table lacks, and its bytes, without those of long texts, which no index has to read.
    async fn missing(&self) -> Result<(Vec<&'static Index>, i64), OpenError> {
        let Session { client, mut connection } = self.log_in(self.limits.statement).await?;
        let found = async {
            let names: Vec<_> = INDICES.iter().map(|index| format!("to_regclass('{}') IS NULL", index.name)).collect();
            let query = format!("SELECT ARRAY[{}], pg_relation_size('records')", names.join(", "));
            let row = client.query_one(&query, &[]).await?;
            Ok::<_, tokio_postgres::Error>((row.try_get::<_, Vec<bool>>(0)?, row.try_get::<_, i64>(1)?))
        };
        let found = ask(&mut connection, self.limits.answer, found).await;
        let (lacks, bytes) = found.map_err(|error| self.unreachable(error))?;
        let missing = INDICES.iter().zip(lacks).filter(|(_, lacks)| *lacks).map(|(index, _)| index);
        Ok((missing.collect(), bytes))
    }

    /// Lets one gateway at a time go on; the others wait, for as long as a lock may take.
    async fn lock(&self, number: i64, client: &Client, connection: &mut Wire) -> Result<(), OpenError> {
        let lock = format!("SELECT pg_advisory_lock({number})");
        let locked = ask(connection, self.limits.answer, client.batch_execute(&lock)).await;
        locked.map_err(|error| self.unreachable(error))
    }

    fn cannot_change(&self, source: AnyError) -> OpenError {
        OpenError::Migrate { address: self.address.clone(), source }
    }
}

/// What came of the migrations, or why that is not known: a server that does not even unlock afterwards is gone.
///
/// Migrations are diesel's, which are synchronous: they run on a blocking thread, which ends when the connection does.
async fn migrate(client: Client) -> Result<Result<(), AnyError>, AnyError> {
    let connection = AsyncPgConnection::try_from(client).await?;
    let (mut connection, migrated) = tokio::task::spawn_blocking(move || migrate_blocking(connection)).await?;
    connection.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})")).await?;
    Ok(migrated)
}

fn migrate_blocking(connection: AsyncPgConnection) -> (AsyncPgConnection, Result<(), AnyError>) {
    let mut connection = AsyncConnectionWrapper::<AsyncPgConnection>::from(connection);
    let migrated = connection.run_pending_migrations(schema::POSTGRES).map(drop);
    (connection.into_inner(), migrated)
}
