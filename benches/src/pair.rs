//! Two who can call one another, whatever they are made of.

mod pages;
mod persons;

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use crate::camera::PictureFormat;
use crate::error::BenchError;

pub(crate) use self::pages::Pages;
pub(crate) use self::persons::Persons;

/// A part that says nothing for this long is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which end of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Caller,
    Callee,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::Caller, Self::Callee];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Callee => "callee",
        }
    }
}

/// What both send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) pictures: PictureFormat,
    /// The most that the pictures may take, in kbit/s.
    pub(crate) max_kbits: u32,
}

/// Two who are logged in and can call one another.
pub(crate) trait Pair {
    /// Tells one of them what to do.
    async fn order(&mut self, side: Side, order: &'static str) -> Result<(), BenchError>;

    /// The next report of this kind from one of them, however long ago it came.
    async fn report(&mut self, side: Side, event: &'static str) -> Result<Value, BenchError>;

    /// The process, with all that it started, that is this side.
    fn process(&self, side: Side) -> Option<u32>;

    /// As [`report`](Self::report), within reason.
    async fn hear(&mut self, side: Side, event: &'static str) -> Result<Value, BenchError> {
        let silent = |_| BenchError::Silent {
            event,
            after: PATIENCE,
        };
        timeout(PATIENCE, self.report(side, event))
            .await
            .map_err(silent)?
    }

    /// Turns both cameras on and lets them warm up.
    async fn open_cameras(&mut self) -> Result<(), BenchError> {
        /// As long as a preview before a call lasts at least.
        const PREVIEW: Duration = Duration::from_millis(500);
        for side in Side::BOTH {
            self.order(side, "open camera").await?;
            self.hear(side, "camera open").await?;
        }
        tokio::time::sleep(PREVIEW).await;
        Ok(())
    }

    /// Makes a call that is accepted at once, and waits until both see each
    /// other.
    async fn begin(&mut self) -> Result<(), BenchError> {
        self.order(Side::Caller, "start").await?;
        for side in Side::BOTH {
            self.hear(side, "first frame").await?;
        }
        Ok(())
    }

    /// Ends the call; what caller and callee say about its course.
    async fn end(&mut self) -> Result<[Value; 2], BenchError> {
        self.order(Side::Caller, "hang up").await?;
        let caller = self.hear(Side::Caller, "over").await?;
        let callee = self.hear(Side::Callee, "over").await?;
        for side in Side::BOTH {
            self.order(side, "close camera").await?;
            self.hear(side, "camera closed").await?;
        }
        Ok([caller, callee])
    }
}
