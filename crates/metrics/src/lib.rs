//! What a scraper reads: counters and histograms fed by finished exchanges.
//!
//! [`Metrics`] is an [`Observer`](oar_exchange::Observer) that counts, and renders what it counted. Every label value
//! comes from the configuration or from a closed set of words, so that no client can make the number of series grow:
//! an upstream that was never announced is counted as `not configured`, a status that is none as `other`.
//!
//! This crate refuses to listen, to label by model, path, token or address, and to know the other rooms: what they
//! count themselves joins through [`Metrics::counter_fn`] and [`Metrics::gauge_fn`], read at scrape time.
//!
//! | family | labels |
//! | --- | --- |
//! | `oar_requests_total` | `outcome`, `status` |
//! | `oar_attempts_total` | `upstream`, `result` |
//! | `oar_failovers_total` | `reason` |
//! | `oar_client_disconnects_total` | `phase` |
//! | `oar_stream_broken_total` | `upstream` |
//! | `oar_tokens_total` | `upstream`, `type` |
//! | `oar_in_flight` | |
//! | `oar_request_duration_seconds` | |
//! | `oar_time_to_first_byte_seconds` | |
//!
//! ```
//! use oar_exchange::Observer;
//! use oar_metrics::Metrics;
//!
//! let metrics = Metrics::new(["primary", "spare"]);
//! metrics.counter_fn("oar_records_written_total", "Rows that reached the database", &[], || 7);
//! metrics.started();
//!
//! let (_content_type, page) = metrics.render(None);
//! assert!(page.contains("oar_in_flight 1\n"));
//! assert!(page.contains("oar_records_written_total 7\n"));
//! assert!(page.contains("oar_attempts_total{upstream=\"spare\",result=\"ok\"} 0\n"));
//! ```

mod metrics;

mod families;
mod sampled;

mod exposition;

pub use metrics::Metrics;
