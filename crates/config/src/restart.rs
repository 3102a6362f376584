//! What a running service cannot change.

use crate::config::Config;
use crate::database::Database;
use crate::notify::{Feishu, NotifySettings};
use crate::problem::{Complaint, Place, Problem};
use secrecy::{ExposeSecret, SecretString};

impl Config {
    /// Why this configuration cannot take the place of `running` without a restart: each key that must not change and
    /// has changed. The values are not told: some are secret.
    pub fn needs_restart(&self, running: &Self) -> Vec<Problem> {
        let changed = [
            ("address", self.address != running.address),
            ("metrics_listen", self.metrics.listen != running.metrics.listen),
            ("hostname", self.hostname != running.hostname),
            ("dbaddr", !same_database(&self.database, &running.database)),
            ("notify", !same_notify(&self.notify, &running.notify)),
        ];
        let hint = "restart the gateway, or put the old value back and reload";
        let complaint = || Complaint::new("has changed, which takes a restart").hint(hint);
        let keys = changed.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key);
        keys.map(|key| Place::default().key(key, None).problem(&self.file, complaint())).collect()
    }
}

fn same_database(one: &Database, other: &Database) -> bool {
    match (one, other) {
        (Database::None, Database::None) => true,
        (Database::Sqlite { path }, Database::Sqlite { path: other }) => path == other,
        (Database::Postgres { dsn }, Database::Postgres { dsn: other }) => dsn.expose_secret() == other.expose_secret(),
        (Database::None | Database::Sqlite { .. } | Database::Postgres { .. }, _) => false,
    }
}

fn same_notify(one: &NotifySettings, other: &NotifySettings) -> bool {
    let same_feishu = match (&one.feishu, &other.feishu) {
        (Some(one), Some(other)) => same_robot(one, other),
        (one, other) => one.is_none() && other.is_none(),
    };
    same_feishu && same_secret(&one.matrix, &other.matrix) && same_secret(&one.webhook, &other.webhook)
}

fn same_robot(one: &Feishu, other: &Feishu) -> bool {
    one.webhook.expose_secret() == other.webhook.expose_secret() && same_secret(&one.secret, &other.secret)
}

/// Both are the operator's own, so the time this takes tells nobody anything.
fn same_secret(one: &Option<SecretString>, other: &Option<SecretString>) -> bool {
    one.as_ref().map(ExposeSecret::expose_secret) == other.as_ref().map(ExposeSecret::expose_secret)
}
