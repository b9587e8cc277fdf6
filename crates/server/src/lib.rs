//! The visavis server as a library: accounts over HTTP, chat over WebSocket
//! and TCP, and the relay (STUN and TURN), in one process with one SQLite file.
//!
//! ```no_run
//! # async fn example() -> Result<(), visavis_server::StartError> {
//! use visavis_server::{Server, ServerConfig};
//!
//! let server = Server::start(ServerConfig::default()).await?;
//! println!("chat is at {:?}", server.ready().ws);
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! Callers use it to find each other, then talk directly; media passes through
//! the relay only where there is no direct way. [`store`] is usable without a running server, which is how
//! an operator adds applications and users.

#![forbid(unsafe_code)]

mod accept;
mod account;
mod admin;
mod chat;
mod clock;
mod config;
mod descriptors;
mod exposure;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod health;
mod http;
mod listen;
mod metrics;
mod one_port;
mod openapi;
mod patience;
mod ready;
mod relay;
mod renewal;
mod revocation;
mod server;
mod start_error;
pub mod store;
mod tasks;
mod throttle;
mod tls;
mod visitors;
mod web;

pub use admin::{RunningServer, TokenError};
pub use clock::UnixTime;
pub use config::{CertificateFiles, Limits, RelayConfig, ServerConfig, WebPage};
pub use exposure::{OpenPorts, Purpose, Transport};
pub use ready::Ready;
pub use relay::RelayStatus;
pub use server::Server;
pub use start_error::StartError;
pub use tls::TlsError;
pub use visavis_turn::server as turn;
