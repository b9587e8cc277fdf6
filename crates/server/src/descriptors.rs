//! Room for sockets: each connection is one, and each allocation of the relay.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Uses as many file descriptors as the system allows this process, rather than the few that old
/// programs can bear.
pub(crate) fn allow_many() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}
