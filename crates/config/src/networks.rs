//! Lists of networks.

use crate::problem::{Complaint, printable};
use crate::section::Field;
use ipnet::IpNet;
use std::net::IpAddr;

/// A list of networks and addresses; none when nothing is said.
pub(crate) fn networks(field: Field<'_>) -> Vec<IpNet> {
    field.items().into_iter().filter_map(|item| item.read(network)).collect()
}

/// `10.0.0.0/8`, or one address.
fn network(text: &str) -> Result<IpNet, Complaint> {
    let text = text.trim();
    text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
        let message = format!("`{}` is neither a network nor an address", printable(text));
        Complaint::new(message).hint("write `10.0.0.0/8` or `127.0.0.1`")
    })
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn a_network_or_one_address() {
        for (text, shown) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            (" 127.0.0.1 ", "127.0.0.1/32"),
            ("::1", "::1/128"),
            ("fd00::/8", "fd00::/8"),
        ] {
            assert_eq!(network(text).map(|network| network.to_string()), Ok(shown.to_owned()));
        }
        for wrong in ["localhost", "10.0.0.0/33", "10.0.0.1:80", ""] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
    }
}
