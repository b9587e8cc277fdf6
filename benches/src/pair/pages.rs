//! Two pages of headless Chromium, each in a browser of its own: a page that
//! is not in front would be slowed down.

use std::path::Path;

use serde_json::{Value, json};
use visavis_interop_tests::browser::Browser;
use visavis_interop_tests::cast::{Cast, PAGE, SECOND_PAGE};
use visavis_interop_tests::page::{PageHost, Report};

use super::{Pair, Sent, Side};
use crate::error::BenchError;

/// Both, logged in.
pub(crate) struct Pages {
    host: PageHost,
    /// What came while something else was waited for.
    waiting: Vec<Report>,
    caller: Browser,
    callee: Browser,
}

impl Pages {
    /// Opens them, each with a profile of its own in `folder`.
    pub(crate) async fn open(cast: &Cast, folder: &Path, sent: Sent) -> Result<Self, BenchError> {
        let host = PageHost::open().await;
        let open = |side: Side, user, peer| {
            let mut task = cast.task(side.name(), side.name(), user, peer);
            task["camera"] = json!({
                "width": sent.pictures.width,
                "height": sent.pictures.height,
                "frameRate": sent.pictures.fps,
            });
            task["maxBitrate"] = (sent.max_kbits * 1000).into();
            let servers = cast.stun().map(|stun| json!({ "urls": stun }));
            task["iceServers"] = servers.into_iter().collect();
            Browser::open(&folder.join(side.name()), &[host.address(&task)])
        };
        let (caller, callee) = (
            open(Side::Caller, PAGE, SECOND_PAGE),
            open(Side::Callee, SECOND_PAGE, PAGE),
        );
        let mut pages = Self {
            host,
            waiting: Vec::new(),
            caller,
            callee,
        };
        for side in Side::BOTH {
            pages.hear(side, "listening").await?;
        }
        Ok(pages)
    }

    /// The browser's name and version.
    pub(crate) fn version(&self) -> String {
        self.caller.version()
    }
}

impl Pair for Pages {
    async fn order(&mut self, side: Side, order: &'static str) -> Result<(), BenchError> {
        self.host.order(side.name(), order);
        Ok(())
    }

    async fn report(&mut self, side: Side, event: &'static str) -> Result<Value, BenchError> {
        let page = side.name();
        let waiting = self.waiting.iter().position(|report| {
            matches!(report, Report::Event(report) if report["page"] == page && report["event"] == event)
        });
        match waiting.map(|position| self.waiting.remove(position)) {
            Some(Report::Event(report)) => Ok(report),
            _ => Ok(self.host.until(page, event, &mut self.waiting).await),
        }
    }

    fn process(&self, side: Side) -> Option<u32> {
        match side {
            Side::Caller => self.caller.process(),
            Side::Callee => self.callee.process(),
        }
    }
}
