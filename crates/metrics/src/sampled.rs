use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Reads a value that somebody else keeps.
pub(crate) type Read = Box<dyn Fn() -> u64 + Send + Sync>;

/// Families whose values are kept elsewhere and read at each scrape.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sampled(Arc<Mutex<Vec<SampledFamily>>>);

/// Whether a value only ever grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
}

#[derive(Debug)]
struct SampledFamily {
    kind: Kind,
    name: &'static str,
    help: String,
    series: Vec<Series>,
}

struct Series {
    labels: Vec<(&'static str, String)>,
    read: Read,
}

impl Sampled {
    pub(crate) fn add(
        &self,
        kind: Kind,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
        read: Read,
    ) {
        let name = kind.family_name(name);
        let labels = labels.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let series = Series { labels, read };
        let mut families = self.families();
        match families.iter_mut().find(|family| family.name == name && family.kind == kind) {
            Some(family) => family.series.push(series),
            None => families.push(SampledFamily { kind, name, help: format!("{help}."), series: vec![series] }),
        }
    }

    fn families(&self) -> MutexGuard<'_, Vec<SampledFamily>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for Sampled {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.families().iter().try_for_each(|family| family.encode(&mut encoder))
    }
}

impl SampledFamily {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut metric = encoder.encode_descriptor(self.name, &self.help, None, self.kind.metric_type())?;
        for series in &self.series {
            let value = (series.read)();
            match series.labels.as_slice() {
                [] => self.kind.encode(value, &mut metric)?,
                _ => self.kind.encode(value, &mut metric.encode_family(&series.labels)?)?,
            }
        }
        Ok(())
    }
}

impl Kind {
    /// OpenMetrics names a counter's family without the suffix that its samples carry.
    fn family_name(self, name: &'static str) -> &'static str {
        match self {
            Self::Counter => name.strip_suffix("_total").unwrap_or(name),
            Self::Gauge => name,
        }
    }

    const fn metric_type(self) -> MetricType {
        match self {
            Self::Counter => MetricType::Counter,
            Self::Gauge => MetricType::Gauge,
        }
    }

    fn encode(self, value: u64, encoder: &mut MetricEncoder<'_>) -> fmt::Result {
        match self {
            Self::Counter => encoder.encode_counter::<NoLabelSet, u64, u64>(&value, None),
            Self::Gauge => encoder.encode_gauge(&value),
        }
    }
}

impl fmt::Debug for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Series").field("labels", &self.labels).finish_non_exhaustive()
    }
}
