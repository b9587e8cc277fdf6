//! Every limit of the server as an option.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use visavis_server::Limits;
use visavis_server::turn::RelayLimits;

/// A whole number of seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seconds(Duration);

impl FromStr for Seconds {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Duration::from_secs).map(Self)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_secs().fmt(f)
    }
}

impl From<Duration> for Seconds {
    fn from(time: Duration) -> Self {
        Self(time)
    }
}

impl From<Seconds> for Duration {
    fn from(seconds: Seconds) -> Self {
        seconds.0
    }
}

/// Options for all fields of a struct of limits, with its defaults. A field without an
/// option does not compile.
macro_rules! options {
    ($heading:literal, $options:ident for $limits:ident {
        $($(#[$doc:meta])* $field:ident as $long:literal: $kind:ty,)*
    }) => {
        #[derive(Debug, Args)]
        #[command(next_help_heading = $heading)]
        pub(super) struct $options {
            $(
                $(#[$doc])*
                #[arg(
                    long = $long,
                    value_name = options!(@name $kind),
                    default_value_t = $limits::default().$field.into(),
                )]
                $field: $kind,
            )*
        }

        impl From<$options> for $limits {
            fn from(options: $options) -> Self {
                Self { $($field: options.$field.into(),)* }
            }
        }
    };
    (@name Seconds) => { "SECONDS" };
    (@name $kind:ty) => { "N" };
}

options!("Limits", LimitOptions for Limits {
    /// Largest chat message from a client, in bytes; 1024 at least
    frame_bytes as "frame-bytes": usize,
    /// REST requests a second that one address, or one IPv6 network of 64 bits, may send on average;
    /// raise it behind a proxy
    requests_per_second as "requests-per-second": u32,
    /// Largest HTTP request body, in bytes
    body_bytes as "body-bytes": usize,
    /// Open TCP connections, all listeners together
    connections as "connections": usize,
    /// Open TCP connections of one address, or of one IPv6 network of 64 bits; raise it behind a proxy
    connections_per_address as "connections-per-address": usize,
    /// Chat connections of one user at a time
    connections_per_user as "connections-per-user": usize,
    /// Contacts on the list of one user
    contacts_per_user as "contacts-per-user": usize,
    /// Guest links of one user that work at a time; 0 for no guests
    guest_links_per_user as "guest-links-per-user": usize,
    /// Messages kept for one user who is offline
    kept_messages_per_user as "kept-messages-per-user": usize,
    /// Stanzas that wait for one slow reader before it is disconnected
    outbound_stanzas as "outbound-stanzas": usize,
    /// Bytes that wait for one slow reader before it is disconnected
    outbound_bytes as "outbound-bytes": usize,
    /// Stanzas a second that one connection may send on average
    stanzas_per_second as "stanzas-per-second": u32,
    /// Stanzas a second that one user may send others or ask of the server on average, all
    /// connections together; beyond it they are refused; `off` for no bound
    stanzas_per_second_per_user as "stanzas-per-second-per-user": Bound<u32>,
    /// Time to log in to chat
    login_time as "login-time": Seconds,
    /// Silence on a chat connection after which it is pinged
    ping_after as "ping-after": Seconds,
    /// Further silence after which it counts as lost
    ping_answer as "ping-answer": Seconds,
    /// How long a chat stream waits for its client to come back
    resume_time as "resume-time": Seconds,
    /// Time to send an HTTP request, and to wait for somebody who reads nothing of the answer
    request_time as "request-time": Seconds,
    /// Life of a session after its last use
    session_idle as "session-idle": Seconds,
    /// How long credentials for the relay can be used; calls go on with newer ones
    relay_credentials as "relay-credentials": Seconds,
    /// Wrong passwords for one account from one address before back-off
    login_failures as "login-failures": u32,
    /// First back-off; it doubles with every further failure
    back_off as "back-off": Seconds,
    /// Longest back-off
    back_off_max as "back-off-max": Seconds,
    /// Passwords hashed at the same time, 19 MiB of memory each
    password_workers as "password-workers": usize,
    /// Logins that wait for a password worker before others are turned away
    password_queue as "password-queue": usize,
    /// Time over which chat streams end one after the other when the server stops
    shutdown_spread as "shutdown-spread": Seconds,
    /// Time for whatever is still open then
    shutdown_time as "shutdown-time": Seconds,
});

/// A number, or none for no bound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound<T>(Option<T>);

impl<T: FromStr<Err = ParseIntError>> FromStr for Bound<T> {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        match text {
            "off" => Ok(Self(None)),
            text => text.parse().map(Some).map(Self),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Bound<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(bound) => bound.fmt(f),
            None => f.write_str("off"),
        }
    }
}

impl<T> From<Option<T>> for Bound<T> {
    fn from(bound: Option<T>) -> Self {
        Self(bound)
    }
}

impl<T> From<Bound<T>> for Option<T> {
    fn from(bound: Bound<T>) -> Self {
        bound.0
    }
}

options!("Limits of the relay", RelayLimitOptions for RelayLimits {
    /// Allocations in all
    allocations as "relay-allocations": usize,
    /// Allocations of one user at a time
    allocations_per_user as "relay-allocations-per-user": u32,
    /// Bytes a second of one user in both directions together; `off` for no bound
    bytes_per_second_per_user as "relay-bytes-per-second-per-user": Bound<u64>,
    /// Bytes a second of all users together; `off` for no bound
    bytes_per_second as "relay-bytes-per-second": Bound<u64>,
    /// Permissions of one allocation
    permissions as "relay-permissions": usize,
    /// Channels of one allocation
    channels as "relay-channels": usize,
    /// Life of an allocation that asks for nothing else
    default_lifetime as "relay-default-lifetime": Seconds,
    /// Longest life that an allocation is given at once
    max_lifetime as "relay-max-lifetime": Seconds,
    /// How long a nonce can be used
    nonce_lifetime as "relay-nonce-lifetime": Seconds,
    /// Answers a second to requests without credentials from one address
    challenges_per_second as "relay-challenges-per-second": u32,
});
