//! What can be kept of an exchange, and of which.

use crate::headers::KeepHeaders;
use crate::text::FIELD_CAP_BYTES;
use oar_exchange::{Exchange, Outcome};

/// What of an exchange is kept.
///
/// ```
/// use oar_record::{Keep, KeepAddress, KeepOutcomes};
///
/// let keep = Keep { ip: KeepAddress::Left, max_bytes: 64 * 1024, ..Keep::default() };
/// assert_eq!(keep.outcomes, KeepOutcomes::All);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Of which exchanges there is a row. Default: of all.
    pub outcomes: KeepOutcomes,
    /// The request's body. Default: kept.
    pub request: KeepText,
    /// The answer: a stream's assembled text, any other JSON or text as it is. Default: kept.
    pub response: KeepText,
    /// The request's headers, `user-agent` in the column of its own included. Default: the usual ones.
    pub headers: KeepHeaders,
    /// The most bytes of each of body and answer; what goes beyond is cut off and marked. Default: [`FIELD_CAP_BYTES`].
    pub max_bytes: usize,
    /// The client's address. Default: kept.
    pub ip: KeepAddress,
}

/// Of which exchanges there is a row.
///
/// ```
/// use oar_record::{Keep, KeepOutcomes};
///
/// // Every failure, and one success in a hundred.
/// let keep = Keep { outcomes: KeepOutcomes::Sampled { per_million: 10_000 }, ..Keep::default() };
/// assert_ne!(keep, Keep::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepOutcomes {
    /// Of every one.
    #[default]
    All,
    /// Of every one that did not end well: whose outcome is not `ok`.
    Errors,
    /// Of those, and of a share of the others.
    Sampled {
        /// The share, as so many of a million.
        per_million: u32,
    },
}

/// Whether a text is kept.
///
/// ```
/// use oar_record::{Keep, KeepText, Row};
///
/// # let request = oar_exchange::Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
/// # let exchange = std::sync::Arc::new(oar_exchange::Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
/// let keep = Keep { response: KeepText::Left, ..Keep::default() };
/// assert_eq!(Row::keeping(&exchange, &keep, "gateway-1").response, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepText {
    /// As far as it is one.
    #[default]
    Kept,
    /// Not at all: its column is NULL.
    Left,
}

/// Whether the client's address is kept.
///
/// ```
/// use oar_record::{Keep, KeepAddress, Row};
///
/// # let request = oar_exchange::Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
/// # let exchange = std::sync::Arc::new(oar_exchange::Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
/// let keep = Keep { ip: KeepAddress::Left, ..Keep::default() };
/// assert_eq!(Row::keeping(&exchange, &keep, "gateway-1").ip, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepAddress {
    /// As it is.
    #[default]
    Kept,
    /// Not at all: its column is NULL.
    Left,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            outcomes: KeepOutcomes::All,
            request: KeepText::Kept,
            response: KeepText::Kept,
            headers: KeepHeaders::Usual,
            max_bytes: FIELD_CAP_BYTES,
            ip: KeepAddress::Kept,
        }
    }
}

const MILLION: u64 = 1_000_000;

impl KeepOutcomes {
    pub(super) fn has(self, exchange: &Exchange) -> bool {
        match self {
            Self::All => true,
            Self::Errors => exchange.outcome != Outcome::Ok,
            Self::Sampled { per_million } => {
                exchange.outcome != Outcome::Ok || scattered(&exchange.id) % MILLION < u64::from(per_million)
            }
        }
    }
}

/// A number that is as good as drawn, and the same for the same id: FNV-1a, with the finish of MurmurHash3 because ids
/// differ in a few places only.
fn scattered(id: &str) -> u64 {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let mut hash = id.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}
