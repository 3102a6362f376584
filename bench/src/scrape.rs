//! What the gateway has counted, from its `/metrics`.

use oar_testkit::{RawClient, request_bytes};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// A gateway that answers nothing for so long does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// One page of metrics.
#[derive(Clone, Debug, Default)]
pub struct Page(String);

impl From<String> for Page {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Page {
    /// Asks for it, on a connection of its own.
    ///
    /// # Errors
    ///
    /// The gateway cannot be reached, or does not answer in 10 s.
    pub async fn fetch(gateway: SocketAddr) -> io::Result<Self> {
        let request = request_bytes("GET", "/metrics", &[], b"");
        let answer = timeout(PATIENCE, RawClient::exchange(gateway, request)).await??;
        Ok(Self(answer.text()))
    }

    /// Whether there is a series of this name.
    pub fn has(&self, name: &str) -> bool {
        self.series(name).next().is_some()
    }

    /// The sum of all series of this name.
    pub fn sum(&self, name: &str) -> u64 {
        self.series(name).map(|(_, value)| value).sum()
    }

    /// The sums of the series of this name for each value of this label.
    pub fn by(&self, name: &str, label: &str) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for (labels, value) in self.series(name) {
            *sums.entry(value_of(labels, label).to_owned()).or_default() += value;
        }
        sums
    }

    /// Labels, without their braces, and value of each series of this name.
    fn series(&self, name: &str) -> impl Iterator<Item = (&str, u64)> {
        self.0.lines().filter_map(move |line| {
            let rest = line.strip_prefix(name)?;
            let (labels, value) = rest.rsplit_once(' ')?;
            let labels = match labels {
                "" => "",
                labels => labels.strip_prefix('{')?.strip_suffix('}')?,
            };
            Some((labels, value.parse().ok()?))
        })
    }
}

fn value_of<'a>(labels: &'a str, label: &str) -> &'a str {
    let pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(name, _)| *name == label).map_or("", |(_, value)| value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_summed_by_a_label() {
        let page = Page(
            "# TYPE oar_requests counter\noar_requests_total{outcome=\"ok\",status=\"200\"} 2\n\
             oar_requests_total{outcome=\"ok\",status=\"206\"} 3\noar_requests_total{outcome=\"shed\",status=\"503\"} 1\n\
             oar_in_flight 4\n"
                .into(),
        );
        assert_eq!(page.sum("oar_requests_total"), 6);
        assert_eq!(page.by("oar_requests_total", "outcome"), [("ok".into(), 5), ("shed".into(), 1)].into());
        assert_eq!(page.sum("oar_in_flight"), 4);
        assert!(!page.has("oar_requests") && !page.has("oar_in"));
    }
}
