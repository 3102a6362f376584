use prometheus_client::metrics::counter::Counter;

/// One counter for each member of a closed set, made once; counting takes neither lock nor hash.
///
/// The sets have a dozen members, so a scan is as fast as an index and cannot be out of range.
#[derive(Debug)]
pub(crate) struct Closed<K>(Vec<(K, Counter)>);

impl<K: Copy + Eq> Closed<K> {
    /// Asks `counter` for the counter of each member.
    pub(crate) fn new(members: impl IntoIterator<Item = K>, counter: impl Fn(K) -> Counter) -> Self {
        Self(members.into_iter().map(|member| (member, counter(member))).collect())
    }

    /// Counts one more of `member`.
    pub(crate) fn count(&self, member: K) {
        self.add(member, 1);
    }

    /// Counts `amount` more of `member`.
    pub(crate) fn add(&self, member: K, amount: u64) {
        if let Some((_, counter)) = self.0.iter().find(|(known, _)| *known == member) {
            counter.inc_by(amount);
        }
    }
}
