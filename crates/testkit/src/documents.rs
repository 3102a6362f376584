//! The Rust blocks of the documents: doctests of this crate, which sees every other one.

#[doc = include_str!("../../../README.md")]
struct Readme;

#[doc = include_str!("../../../README.zh-CN.md")]
struct ReadmeInChinese;

#[doc = include_str!("../../../docs/writing-a-backend.md")]
struct WritingABackend;

#[doc = include_str!("../../../docs/embedding.md")]
struct Embedding;
