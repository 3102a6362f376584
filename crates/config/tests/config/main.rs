//! What a file means, and what an operator reads when something is wrong with it.

mod failover;
mod guest;
mod meaning;
mod notify;
mod problems;
mod record;
mod restart;
mod sample;
mod secrecy;
mod support;
mod syntax;
