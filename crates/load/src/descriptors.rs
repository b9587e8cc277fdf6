//! Room for sockets: each session is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::error::LoadError;

/// Files that are open beside the sessions.
const OTHERS: u64 = 32;

/// Uses as many file descriptors as the system allows, if they are enough.
pub(crate) fn allow(sessions: usize) -> Result<(), LoadError> {
    let needed = sessions as u64 + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    let refused = LoadError::TooFewDescriptors {
        needed,
        allowed: limit.maximum.unwrap_or(u64::MAX),
    };
    if limit.maximum.is_some_and(|maximum| maximum < needed) {
        return Err(refused);
    }
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, most).map_err(|_| refused)
}

#[cfg(test)]
mod tests {
    use super::allow;
    use crate::error::LoadError;

    #[test]
    fn too_few_are_told() {
        assert!(allow(1).is_ok());
        let many = allow(usize::MAX / 2);
        assert!(matches!(
            many,
            Err(LoadError::TooFewDescriptors { .. }) | Ok(())
        ));
        if let Err(error) = many {
            assert!(error.to_string().contains("ulimit -Hn"));
        }
    }
}
