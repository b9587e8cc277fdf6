//! Exit codes: a contract with scripts. The last line on standard error says
//! why in one sentence.

use std::fmt;
use std::process::ExitCode;

/// Why a command ended other than as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// 2: the command line cannot be carried out as written.
    Usage,
    /// 3: the server does not answer.
    Unreachable,
    /// 4: login, application or rights were refused.
    Refused,
    /// 5: the other side rejected the call or is busy.
    Rejected,
    /// 6: nobody answered.
    NotAnswered,
    /// 7: the connection failed or was lost.
    Connection,
    /// 8: what was judged is not as it should be: media is missing or broken, or a replay differs.
    Verdict,
    /// 9: a file or device cannot be used.
    Source,
}

impl Reason {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Refused => 4,
            Self::Rejected => 5,
            Self::NotAnswered => 6,
            Self::Connection => 7,
            Self::Verdict => 8,
            Self::Source => 9,
        }
    }
}

/// A reason and the sentence that explains it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    sentence: String,
}

impl Failure {
    pub(crate) fn new(reason: Reason, sentence: impl fmt::Display) -> Self {
        Self {
            reason,
            sentence: sentence.to_string(),
        }
    }

    /// An error with its causes, outermost first, as one sentence.
    pub(crate) fn of(reason: Reason, error: &dyn std::error::Error) -> Self {
        let mut sentence = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let text = inner.to_string();
            if !sentence.contains(&text) {
                sentence.push_str(": ");
                sentence.push_str(&text);
            }
            cause = inner.source();
        }
        Self { reason, sentence }
    }

    /// The same, with the option that it is about.
    pub(crate) fn within(self, option: &str) -> Self {
        Self {
            sentence: format!("{option}: {}", self.sentence),
            ..self
        }
    }

    /// What a later build will know and this one does not.
    pub(crate) fn not_available(what: &str) -> Self {
        Self::new(
            Reason::Usage,
            format_args!("{what} is not available in this build"),
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// What every command ends with.
pub(crate) type Outcome = Result<(), Failure>;

/// Reports an outcome to the shell.
pub(crate) fn report(outcome: &Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.reason.code())
        }
    }
}
