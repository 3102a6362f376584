//! Where in Matrix.

use crate::problem::Complaint;
use crate::section::Field;
use crate::word::{is_visible, secret_url};
use secrecy::{ExposeSecret, SecretString};

/// A Matrix room, or a relay that writes to one.
///
/// ```
/// # use oar_config::{Config, Matrix};
/// let text = "notify: {matrix: {url: https://relay.example.com/hook}}\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert!(matches!(config.notify.matrix, Some(Matrix::Url(_))));
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug)]
pub enum Matrix {
    /// An http or https URL: of a room's messages with the token in its query, or of a relay. As the Go version had it.
    Url(SecretString),
    /// A room, by its parts.
    Room(MatrixRoom),
}

/// A room of a Matrix server, and who writes to it.
///
/// ```
/// # use oar_config::{Config, Matrix};
/// let text = "notify: {matrix: {homeserver: https://h.example, room: '!abc:h.example', token: t}}\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert!(matches!(config.notify.matrix, Some(Matrix::Room(room)) if room.room == "!abc:h.example"));
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug)]
pub struct MatrixRoom {
    /// The http or https URL of the server, without `/_matrix`.
    pub homeserver: SecretString,
    /// The room's ID: `!abc:example.com`.
    pub room: String,
    /// The access token of the bot.
    pub token: SecretString,
}

const EITHER: &str = "write either `url`, or `homeserver`, `room` and `token`";

/// Without quotes YAML takes `!` for a tag and `#` for the beginning of a comment.
const QUOTED: &str = "write the room's ID in quotes, as in `room: \"!abc:example.com\"`";

const WHERE: &str =
    "the ID begins with `!`; Element shows it in the room's settings, under Advanced, as the internal room ID";

pub(super) fn matrix(field: Field<'_>) -> Option<Matrix> {
    let place = field.place.clone();
    let mut own = field.section()?;
    let url = own.take("url");
    let parts = ["homeserver", "room", "token"].map(|key| own.take(key));
    let found = match (url.is_set(), parts.iter().any(Field::is_set)) {
        (true, false) => url.read(secret_url).map(Matrix::Url),
        (false, true) => room(parts).map(Matrix::Room),
        (true, true) => {
            url.complain(Complaint::new("says where to write, and so do the keys beside it").hint(EITHER));
            None
        }
        (false, false) => {
            own.complain(&place, Complaint::new("names no room").hint(EITHER));
            None
        }
    };
    own.close();
    found
}

fn room([homeserver, room, token]: [Field<'_>; 3]) -> Option<MatrixRoom> {
    for (part, hint) in [(&homeserver, EITHER), (&room, QUOTED), (&token, EITHER)] {
        if part.is_null() {
            part.complain(Complaint::new("is missing").hint(hint));
        }
    }
    let (homeserver, room, token) = (homeserver.read(self::homeserver), room.read(room_id), token.read(self::token));
    Some(MatrixRoom { homeserver: homeserver?, room: room?, token: token? })
}

fn homeserver(text: &str) -> Result<SecretString, Complaint> {
    let url = secret_url(text)?;
    if url.expose_secret().contains(['?', '#', '@']) || url.expose_secret().contains("/_matrix") {
        let complaint = Complaint::new("is more than the address of a server");
        return Err(complaint.hint("write it as `https://matrix.example.com`; a whole URL belongs to `url`"));
    }
    Ok(url)
}

/// What stands here may have been meant for `token`, so it is not repeated.
fn room_id(text: &str) -> Result<String, Complaint> {
    let text = text.trim();
    if text.starts_with('#') {
        return Err(Complaint::new("is an alias, and messages go to a room's ID").hint(WHERE));
    }
    if text.len() > 1 && text.starts_with('!') && is_visible(text) {
        return Ok(text.to_owned());
    }
    Err(Complaint::new("is not the ID of a room").hint(WHERE))
}

fn token(text: &str) -> Result<SecretString, Complaint> {
    let text = text.trim();
    if is_visible(text) {
        return Ok(SecretString::from(text));
    }
    let complaint = Complaint::new("holds something else than visible ASCII characters");
    Err(complaint.hint("write the bot's access token alone, without the word `Bearer`"))
}
