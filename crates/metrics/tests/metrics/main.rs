//! The page as a scraper reads it, after exchanges of every kind.

mod counting;
mod series;
mod support;
