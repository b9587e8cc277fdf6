//! Whole calls in virtual time.
//!
//! A [`World`] holds devices, each with our own call control or with a model of a client of the
//! documented system, a chat server between them, and connections that come about as soon as both
//! descriptions were exchanged. There is no waiting in it: hours of calls take milliseconds, and
//! what happens is decided by the test alone.
//!
//! Three kinds of tests run in it: scripts, which say who does what and what everybody must see
//! ([`script`]); random schedules; and recordings of real clients, which are played to our own.

pub mod chat;
pub mod client;
pub mod connections;
pub mod foreign;
pub mod observer;
pub mod random;
pub mod script;
pub mod trace;
pub mod world;

pub use client::{Client, Outcome};
pub use random::Random;
pub use world::{Device, DeviceId, World};
