use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// A secret that lets its bearer in. Cannot be printed: `Debug` shows its [`Fingerprint`]. Has no `==`, which would tell by
/// its duration how far two are alike.
///
/// ```
/// # use oar_routing::Token;
/// let token = Token::new("sk-proj-abcdefghijklmnop");
/// assert_eq!(format!("{token:?}"), "Token(sk-p…b035035a)");
/// ```
#[derive(Clone)]
pub struct Token(Box<str>);

impl Token {
    /// Takes the secret as it is, without trimming.
    ///
    /// ```
    /// # use oar_routing::Token;
    /// let from_the_environment = Token::new(std::env::var("TEAM_TOKEN").unwrap_or("team-token".into()));
    /// assert!(!from_the_environment.is_empty());
    /// ```
    pub fn new(secret: impl Into<Box<str>>) -> Self {
        Self(secret.into())
    }

    /// How this token is called where it must not be shown.
    ///
    /// ```
    /// # use oar_routing::{Fingerprint, Token};
    /// assert_eq!(Token::new("team-token").fingerprint(), Fingerprint::of("team-token"));
    /// ```
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }

    /// Whether there is nothing to present. A router ignores such a token.
    ///
    /// ```
    /// # use oar_routing::Token;
    /// assert!(Token::new("").is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn digest(&self, key: &DigestKey) -> Digest {
        key.digest(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.fingerprint())
    }
}

/// A name for a secret that does not give it away: its first four characters when it is long enough to spare them, and
/// eight hexadecimal digits of a hash. The same secret has the same fingerprint on every machine and after every restart.
///
/// ```
/// # use oar_routing::Fingerprint;
/// assert_eq!(Fingerprint::of("sk-proj-abcdefghijklmnop").to_string(), "sk-p…b035035a");
/// assert!(Fingerprint::of("short").as_str().starts_with('…'));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint(Arc<str>);

/// A secret shorter than this shows no characters of its own.
const SHOWN_FROM_BYTES: usize = 16;

impl Fingerprint {
    /// The fingerprint of `secret`, of whatever kind: an upstream's key has one as well.
    ///
    /// ```
    /// # use oar_routing::Fingerprint;
    /// assert_ne!(Fingerprint::of("one key"), Fingerprint::of("another key"));
    /// ```
    pub fn of(secret: &str) -> Self {
        let digest = DigestKey::new(b"openai-api-route fingerprint v1 ").digest(secret);
        let hash: String = digest.0.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let shown = if secret.len() < SHOWN_FROM_BYTES { "" } else { secret.get(..4).unwrap_or_default() };
        Self(format!("{shown}…{hash}").into())
    }

    /// The text of it.
    ///
    /// ```
    /// # use oar_routing::Fingerprint;
    /// assert_eq!(Fingerprint::of("short").as_str().chars().count(), 9);
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key under which a router keeps its tokens: as nobody outside knows it, how long a look-up takes says nothing about
/// a token, whatever the map does.
pub(crate) struct DigestKey(Hmac<Sha256>);

impl DigestKey {
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self::new(&key))
    }

    fn new(key: &[u8; 32]) -> Self {
        // HMAC takes a key of any length; the error type is there for other constructions.
        Self(Hmac::new_from_slice(key).expect("HMAC accepts keys of every length"))
    }

    /// HMAC-SHA-256, RFC 2104.
    pub(crate) fn digest(&self, secret: &str) -> Digest {
        let mut hmac = self.0.clone();
        hmac.update(secret.as_bytes());
        Digest(hmac.finalize().into_bytes().into())
    }
}

/// A token as a router keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    /// Compares without telling by its duration where two digests differ.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_cannot_be_printed() {
        let token = Token::new("sk-proj-abcdefghijklmnop");
        assert_eq!(format!("{token:?}"), format!("Token({})", token.fingerprint()));
        assert!(!format!("{token:?}").contains("abcdefgh"));
    }

    #[test]
    fn a_fingerprint_tells_tokens_apart_and_is_the_same_tomorrow() {
        assert_eq!(Fingerprint::of("sk-proj-abcdefghijklmnop").as_str(), "sk-p…b035035a");
        assert_ne!(Fingerprint::of("a"), Fingerprint::of("b"));
    }

    #[test]
    fn a_short_token_shows_none_of_itself() {
        assert!(Fingerprint::of("woshimima").as_str().starts_with('…'));
        assert!(Fingerprint::of("密码密码密码密码").as_str().starts_with('…'));
    }
}
