use crate::schema::{self, records};
use crate::store::Fault;
use crate::{OpenError, Row, Store, StoreError, postgres_dsn};
use async_trait::async_trait;
use diesel::result::Error as DieselError;
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::MigrationHarness;
use secrecy::{ExposeSecret, SecretString};
use std::error::Error;
use std::fmt;
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};

type AnyError = Box<dyn Error + Send + Sync>;

/// How long connecting may take, from the name's resolution to the end of the login.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the server works on one statement before it gives up.
const STATEMENT_TIMEOUT: &str = "SET statement_timeout = '5s'";

/// How long we wait for a batch or a query: longer than the server's own limit, for a server that does not answer at all.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Held while migrating, so that gateways starting at once take turns. The number has no meaning but must never change.
const MIGRATION_LOCK: i64 = 0x6f61_7200;

/// Rows in a PostgreSQL database, over one connection, which is made anew after it was lost.
///
/// No text of this type or its errors holds the DSN or the password.
pub struct PostgresStore {
    config: Config,
    address: String,
    connection: Option<AsyncPgConnection>,
    migrated: bool,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("address", &self.address).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Reads the DSN (`host=… user=…` pairs or a `postgres://` URL), connects, and brings the table up to date; a table
    /// of the Go version keeps its rows.
    ///
    /// # Errors
    ///
    /// [`OpenError::Dsn`], [`OpenError::Tls`] and [`OpenError::Refused`] need another DSN; after
    /// [`OpenError::Unreachable`], [`lazy`](Self::lazy) is for those who would rather start without a database.
    pub async fn connect(dsn: &SecretString) -> Result<Self, OpenError> {
        let mut store = Self::lazy(dsn)?;
        store.connection = Some(store.connection().await?);
        Ok(store)
    }

    /// Reads the DSN and leaves connecting, and bringing the table up to date, to the first use.
    ///
    /// # Errors
    ///
    /// [`OpenError::Dsn`] and [`OpenError::Tls`].
    pub fn lazy(dsn: &SecretString) -> Result<Self, OpenError> {
        let config = postgres_dsn::parse(dsn.expose_secret())?;
        let address = postgres_dsn::address(&config);
        Ok(Self { config, address, connection: None, migrated: false })
    }

    /// The last `limit` rows to have been written, newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when they cannot be read.
    pub async fn recent(&mut self, limit: u32) -> Result<Vec<Row>, StoreError> {
        let mut connection = self.connection().await.map_err(StoreError::unavailable)?;
        let newest = records::table.order(records::id.desc()).limit(i64::from(limit));
        let rows = in_time(newest.select(Row::as_select()).load(&mut connection)).await;
        let rows = rows.map_err(StoreError::Unavailable)?;
        self.connection = Some(connection);
        Ok(rows)
    }

    /// Takes the connection, or makes one. Whoever takes it puts it back only when all went well, so a dropped future or
    /// an error leaves no half-used connection behind.
    async fn connection(&mut self) -> Result<AsyncPgConnection, OpenError> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let connection = timeout(CONNECT_TIMEOUT, self.log_in()).await;
        let mut connection = connection.unwrap_or_else(|elapsed| Err(self.unreachable(elapsed)))?;
        if !self.migrated {
            connection = self.migrate(connection).await?;
            self.migrated = true;
        }
        connection.batch_execute(STATEMENT_TIMEOUT).await.map_err(|error| self.unreachable(error))?;
        Ok(connection)
    }

    async fn log_in(&self) -> Result<AsyncPgConnection, OpenError> {
        let connected = self.config.connect(NoTls).await;
        let (client, connection) = connected.map_err(|error| self.login_error(error))?;
        let connection = AsyncPgConnection::try_from_client_and_connection(client, connection).await;
        connection.map_err(|error| self.unreachable(error))
    }

    fn login_error(&self, error: tokio_postgres::Error) -> OpenError {
        let only_another_dsn_helps = error.code().is_some_and(|code| {
            *code == SqlState::INVALID_PASSWORD
                || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
                || *code == SqlState::INVALID_CATALOG_NAME
        });
        if only_another_dsn_helps {
            OpenError::Refused { address: self.address.clone(), source: error.into() }
        } else {
            self.unreachable(error)
        }
    }

    fn unreachable(&self, error: impl Into<AnyError>) -> OpenError {
        OpenError::Unreachable { address: self.address.clone(), source: error.into() }
    }

    /// Migrations are diesel's, which are synchronous: they run on a blocking thread. An error closes the connection, and
    /// that releases the lock.
    async fn migrate(&self, mut connection: AsyncPgConnection) -> Result<AsyncPgConnection, OpenError> {
        let failed = |source| OpenError::Migrate { address: self.address.clone(), source };
        let lock = format!("SELECT pg_advisory_lock({MIGRATION_LOCK})");
        connection.batch_execute(&lock).await.map_err(|error| failed(error.into()))?;
        let migrated = tokio::task::spawn_blocking(move || migrate_blocking(connection)).await;
        let mut connection = migrated.unwrap_or_else(|panicked| Err(panicked.into())).map_err(failed)?;
        let unlock = format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})");
        connection.batch_execute(&unlock).await.map_err(|error| failed(error.into()))?;
        Ok(connection)
    }

    async fn write_once(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let mut connection = self.connection().await.map_err(StoreError::unavailable)?;
        let Err(error) = in_time(insert(rows, &mut connection)).await else {
            self.connection = Some(connection);
            return Ok(());
        };
        if is_a_rows_fault(&error, &mut connection).await {
            self.connection = Some(connection);
            return Err(StoreError::Rejected(error));
        }
        Err(StoreError::Unavailable(error))
    }
}

#[async_trait]
impl Store for PostgresStore {
    /// A connection that was lost since the last call is noticed only by using it, so there is one more try on a new one.
    async fn write(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let used_before = self.connection.is_some();
        match self.write_once(rows).await {
            Err(StoreError::Unavailable(_)) if used_before => self.write_once(rows).await,
            outcome => outcome,
        }
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, DieselError>>) -> Result<T, AnyError> {
    Ok(timeout(ANSWER_TIMEOUT, work).await??)
}

async fn insert(rows: &[Row], connection: &mut AsyncPgConnection) -> Result<(), DieselError> {
    for rows in rows.chunks(schema::STATEMENT_ROWS) {
        let insert = diesel::insert_into(records::table).values(rows);
        insert.on_conflict(records::exchange_id).do_nothing().execute(connection).await?;
    }
    Ok(())
}

/// Diesel does not pass PostgreSQL's error codes on, so where the kind of error leaves it open the database is asked: one
/// that takes an empty row works, and the fault is in the rows.
async fn is_a_rows_fault(error: &AnyError, connection: &mut AsyncPgConnection) -> bool {
    match error.downcast_ref::<DieselError>().map(Fault::of) {
        Some(Fault::Row) => true,
        Some(Fault::Unclear) => in_time(try_empty_row(connection)).await.is_ok(),
        Some(Fault::Store) | None => false,
    }
}

async fn try_empty_row(connection: &mut AsyncPgConnection) -> Result<(), DieselError> {
    connection.batch_execute("BEGIN").await?;
    insert(&[Row::default()], connection).await?;
    connection.batch_execute("ROLLBACK").await
}

fn migrate_blocking(connection: AsyncPgConnection) -> Result<AsyncPgConnection, AnyError> {
    let mut connection = AsyncConnectionWrapper::<AsyncPgConnection>::from(connection);
    connection.run_pending_migrations(schema::POSTGRES)?;
    Ok(connection.into_inner())
}
