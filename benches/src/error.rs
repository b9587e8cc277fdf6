//! Why something could not be measured.

use std::time::Duration;

/// Nothing was measured, and this is why.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// A file, a folder or a process is not to be had.
    #[error(transparent)]
    System(#[from] std::io::Error),
    /// One of the parts ended before its time.
    #[error("{who} ended")]
    Ended {
        /// Which part.
        who: &'static str,
    },
    /// One of the parts said nothing for too long.
    #[error("nothing was heard for {} s while waiting for `{event}`", after.as_secs())]
    Silent {
        /// What it should have reported.
        event: &'static str,
        /// How long it was waited for.
        after: Duration,
    },
    /// A call reached its end without this step.
    #[error("a call went without `{step}`")]
    StepMissing {
        /// The step.
        step: &'static str,
    },
    /// A side of a call kept nothing of this kind.
    #[error("nothing was saved as .{extension}: nothing was received")]
    NothingSaved {
        /// The ending of the file that is not there.
        extension: &'static str,
    },
    /// What a side of a call kept cannot be read.
    #[error(transparent)]
    Unreadable(Box<dyn std::error::Error + Send + Sync>),
    /// A soak has found something.
    #[error("{found}")]
    Soaked {
        /// What.
        found: String,
    },
    /// A client of ours refuses something.
    #[error(transparent)]
    Client(Box<dyn std::error::Error + Send + Sync>),
}
