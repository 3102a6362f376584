//! Who is told when something goes wrong.

use crate::Env;
use crate::node::{Kind, Node, Scalar};
use crate::problem::{Place, Report};
use crate::section::{Field, Section};
use crate::word::secret_url;
use secrecy::SecretString;

/// Who is told when something goes wrong: each of them that is there.
#[derive(Clone, Debug, Default)]
pub struct NotifySettings {
    /// A Feishu robot.
    pub feishu: Option<Feishu>,
    /// The http or https URL of a Matrix relay.
    pub matrix: Option<SecretString>,
    /// An http or https URL that takes alerts as JSON.
    pub webhook: Option<SecretString>,
}

/// A Feishu robot.
#[derive(Clone, Debug)]
pub struct Feishu {
    /// Its http or https URL.
    pub webhook: SecretString,
    /// The key its messages are signed with, if it wants that.
    pub secret: Option<SecretString>,
}

/// Without a section, two variables of the environment decide, as they did for the Go version.
pub(crate) fn notify(field: Field<'_>, env: Env<'_>, report: &Report) -> NotifySettings {
    if field.is_null() {
        return from_environment(env, report);
    }
    field.section().map(decode).unwrap_or_default()
}

fn decode(mut own: Section<'_>) -> NotifySettings {
    let feishu = own.take("feishu").section().and_then(feishu);
    let matrix = own.take("matrix").section().and_then(|section| url(section, "url"));
    let webhook = own.take("webhook").section().and_then(|section| url(section, "url"));
    own.close();
    NotifySettings { feishu, matrix, webhook }
}

fn feishu(mut own: Section<'_>) -> Option<Feishu> {
    let webhook = own.require("webhook").read(secret_url);
    let secret = own.take("secret").secret();
    own.close();
    Some(Feishu { webhook: webhook?, secret })
}

fn url(mut own: Section<'_>, key: &'static str) -> Option<SecretString> {
    let url = own.require(key).read(secret_url);
    own.close();
    url
}

fn from_environment(env: Env<'_>, report: &Report) -> NotifySettings {
    let url = |name: &str| {
        let text = SecretString::from(env(name)?);
        let node = Node { line: None, kind: Kind::Scalar(Scalar { text, bare: false }) };
        let place = Place { path: format!("environment variable {name}"), line: None };
        Field::new(place, node, report).read(secret_url)
    };
    let feishu = url("FEISHU_WEBHOOK").map(|webhook| Feishu { webhook, secret: None });
    NotifySettings { feishu, matrix: url("MATRIX_API"), webhook: None }
}
