//! Why there is no report.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use visavis_xmpp::client::ConnectError;

/// Nothing was measured, and this is why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Nobody answers there: the server has to be started, or the address
    /// corrected.
    #[error("{login} cannot reach the server")]
    Unreachable {
        /// Who tried.
        login: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The server does not let somebody in: users have to be made, or the
    /// passwords corrected.
    #[error("{login} is not let in")]
    Refused {
        /// Who tried.
        login: String,
        /// What the server said.
        #[source]
        source: ConnectError,
    },
    /// A login cannot be part of an address: the pattern or the file has to be
    /// corrected.
    #[error("`{login}` cannot be part of an address")]
    Login {
        /// The login as given.
        login: String,
    },
    /// A login takes longer than the patience.
    #[error("{login} waited {seconds} s for the end of the login")]
    Slow {
        /// Who tried.
        login: String,
        /// The patience.
        seconds: u64,
    },
    /// There are not enough users for what was asked.
    #[error("{needed} users are needed and there are {given}")]
    TooFewUsers {
        /// Sessions that were asked for.
        needed: usize,
        /// Users there are.
        given: usize,
    },
    /// The system allows this process too few sockets.
    #[error(
        "{needed} sockets are needed and the system allows {allowed} open files: \
         raise the hard limit (`ulimit -Hn`)"
    )]
    TooFewDescriptors {
        /// Sockets that were asked for.
        needed: u64,
        /// The hard limit.
        allowed: u64,
    },
    /// The server's process cannot be looked at.
    #[error("process {pid} cannot be looked at")]
    Process {
        /// The process.
        pid: u32,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A relay does not answer a request: the server has to be started, or the address corrected.
    #[error("the relay at {server} has not answered for {seconds} s")]
    NoAnswer {
        /// The relay.
        server: SocketAddr,
        /// The patience.
        seconds: u64,
    },
    /// A relay refuses a request: the credentials have to be corrected, or a limit of the relay.
    #[error("the relay refuses {request} with {code} {reason}")]
    Relay {
        /// What was asked for.
        request: &'static str,
        /// The error code of RFC 8489 or RFC 8656.
        code: u16,
        /// The words that came with it.
        reason: String,
    },
    /// The relay's answer has not what was asked for: the server has to be corrected.
    #[error("the relay's answer to {request} cannot be used")]
    Answer {
        /// What was asked for.
        request: &'static str,
    },
    /// The system gives no socket, or none that can reach the server.
    #[error("no socket: {0}")]
    Socket(#[source] io::Error),
    /// The runtime does not start.
    #[error("no runtime: {0}")]
    Runtime(#[source] io::Error),
}

/// Why a server cannot be addressed. The command line has to be corrected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Not an address of one of the four kinds.
    #[error(
        "`{url}` is none of tcp://HOST:PORT, tls://HOST:PORT, ws://HOST:PORT/PATH, wss://HOST:PORT/PATH"
    )]
    Address {
        /// The address as given.
        url: String,
    },
    /// The host has no address.
    #[error("`{host}` has no address")]
    Host {
        /// The host.
        host: String,
        /// What the system said.
        #[source]
        source: Option<io::Error>,
    },
    /// The domain cannot be a chat server's.
    #[error("`{domain}` is no domain of a chat server")]
    Domain {
        /// The domain as given.
        domain: String,
    },
    /// The certificates to be trusted cannot be read.
    #[error("no certificates in {}", .path.display())]
    Roots {
        /// The file.
        path: PathBuf,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

/// Why the users cannot be read. The file or the option has to be corrected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsersError {
    /// A pattern without a place for the number.
    #[error("`{pattern}` has no `{{}}` where the number goes")]
    Pattern {
        /// The pattern as given.
        pattern: String,
    },
    /// The file cannot be read.
    #[error("{} cannot be read", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The first line names no column `login` or `password`.
    #[error("{}: the first line names no column `{column}`", .path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// What is missing.
        column: &'static str,
    },
    /// A line has too few fields.
    #[error("{}, line {line}: login or password is missing", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
}
