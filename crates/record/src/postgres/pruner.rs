//! A login for somebody who deletes rows by hand.

use super::PostgresStore;
use super::server::Server;
use super::session::{AnyError, Session, ask};
use super::tend::{self, Excess};
use super::visit::{NoSession, PATIENCE};
use crate::{OpenError, Pruned, Retention};
use secrecy::SecretString;
use std::time::SystemTime;
use tokio_postgres::{Client, Error};

/// Deletes as the store does, and tells how much.
pub(crate) struct PostgresPruner {
    server: Server,
    session: Option<Session>,
    excess: Excess,
}

impl PostgresPruner {
    /// Reads the DSN. Does no IO.
    pub(crate) fn new(dsn: &SecretString) -> Result<Self, OpenError> {
        Ok(Self { server: PostgresStore::within(PATIENCE, dsn)?.server, session: None, excess: Excess::default() })
    }

    /// Host and port, for messages.
    pub(crate) fn address(&self) -> &str {
        &self.server.address
    }

    /// Logs in unless that is done.
    pub(crate) async fn log_in(&mut self) -> Result<(), NoSession> {
        if self.session.is_none() {
            self.session = Some(self.server.visit().await?);
        }
        Ok(())
    }

    /// The bytes of all rows, as [`Retention`] counts them.
    pub(crate) async fn used(&mut self) -> Result<u64, AnyError> {
        self.ask(async |client, _| tend::used(client).await).await
    }

    /// About how many rows there are to delete.
    pub(crate) async fn would_delete(&mut self, retention: Retention, now: SystemTime) -> Result<u64, AnyError> {
        self.ask(async |client, _| tend::would_delete(client, &retention, now).await).await
    }

    /// One step.
    pub(crate) async fn step(&mut self, retention: Retention, now: SystemTime) -> Result<Pruned, AnyError> {
        self.ask(async |client, excess| tend::step(client, &retention, now, excess).await).await
    }

    async fn ask<T>(
        &mut self,
        work: impl AsyncFnOnce(&Client, &mut Excess) -> Result<T, Error>,
    ) -> Result<T, AnyError> {
        let Session { client, mut connection } = self.session.take().ok_or("there is no session")?;
        let value = ask(&mut connection, self.server.limits.answer, work(&client, &mut self.excess)).await?;
        self.session = Some(Session { client, connection });
        Ok(value)
    }
}
