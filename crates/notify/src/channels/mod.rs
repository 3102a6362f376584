//! The channels that come with the gateway, all over HTTP.

mod address;
mod advice;
pub mod feishu;
mod http;
mod matrix;
mod webhook;

pub use feishu::Feishu;
pub use http::{Http, SetupError};
pub use matrix::Matrix;
pub use webhook::Webhook;
