//! What a running service cannot change.

use crate::config::Config;
use crate::database::Database;
use crate::notify::{Feishu, Matrix, MatrixRoom, NotifySettings};
use crate::problem::{Complaint, Place, Problem};
use secrecy::{ExposeSecret, SecretString};

impl Config {
    /// Why this configuration cannot take the place of `running` without a restart: each key that must not change and
    /// has changed. The values are not told: some are secret.
    ///
    /// ```
    /// # use oar_config::Config;
    /// let parse = |text: &str| Config::parse(&format!("{text}\nupstreams: [{{sk: key}}]"), "config.yaml", &|_| None);
    /// let running = parse("timeout: 10")?;
    /// assert!(parse("timeout: 20")?.needs_restart(&running).is_empty());
    /// let problems = parse("address: :80")?.needs_restart(&running);
    /// assert_eq!(problems[0].to_string(), "address: has changed, which takes a restart");
    /// # Ok::<(), oar_config::Problems>(())
    /// ```
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
    let NotifySettings { language, window, messages_per_minute, outcomes, feishu, matrix, webhook } = one;
    *language == other.language
        && *window == other.window
        && *messages_per_minute == other.messages_per_minute
        && *outcomes == other.outcomes
        && both(feishu, &other.feishu, same_robot)
        && both(matrix, &other.matrix, same_matrix)
        && same_secret(webhook, &other.webhook)
}

fn same_robot(one: &Feishu, other: &Feishu) -> bool {
    let Feishu { webhook, secret, style } = one;
    same(webhook, &other.webhook) && same_secret(secret, &other.secret) && *style == other.style
}

fn same_matrix(one: &Matrix, other: &Matrix) -> bool {
    match (one, other) {
        (Matrix::Url(one), Matrix::Url(other)) => same(one, other),
        (Matrix::Room(one), Matrix::Room(other)) => same_room(one, other),
        (Matrix::Url(_) | Matrix::Room(_), _) => false,
    }
}

fn same_room(one: &MatrixRoom, other: &MatrixRoom) -> bool {
    let MatrixRoom { homeserver, room, token } = one;
    same(homeserver, &other.homeserver) && *room == other.room && same(token, &other.token)
}

/// Neither is there, or both are and `same`.
fn both<T>(one: &Option<T>, other: &Option<T>, same: fn(&T, &T) -> bool) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => same(one, other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn same_secret(one: &Option<SecretString>, other: &Option<SecretString>) -> bool {
    both(one, other, same)
}

/// Both are the operator's own, so the time this takes tells nobody anything.
fn same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}
