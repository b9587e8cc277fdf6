//! The relay in virtual time, one behavior each.

mod allocations;
mod channels;
mod client;
mod common;
mod credentials;
mod families;
mod hostile;
mod oracle;
mod permissions;
mod quotas;
mod relay_to_relay;
mod rfc5769;
