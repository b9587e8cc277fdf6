//! Two pages of headless Chromium, each in a browser of its own: a page that
//! is not in front would be slowed down.

use std::path::Path;

use serde_json::{Value, json};
use visavis_interop_tests::browser::Browser;
use visavis_interop_tests::cast::{Cast, PAGE, SECOND_PAGE};
use visavis_interop_tests::page::{PageHost, Report};

use super::course::{Pair, Side};
use crate::camera::PictureFormat;
use crate::error::BenchError;

/// Both, logged in.
pub(super) struct Pages {
    host: PageHost,
    /// What came while something else was waited for.
    waiting: Vec<Report>,
    browsers: [Browser; 2],
}

impl Pages {
    pub(super) async fn open(
        cast: &Cast,
        folder: &Path,
        pictures: PictureFormat,
    ) -> Result<Self, BenchError> {
        let host = PageHost::open().await;
        let browsers = [
            (Side::Caller, PAGE, SECOND_PAGE),
            (Side::Callee, SECOND_PAGE, PAGE),
        ]
        .map(|(side, user, peer)| {
            let mut task = cast.task(name(side), name(side), user, peer);
            task["camera"] = json!({
                "width": pictures.width,
                "height": pictures.height,
                "frameRate": pictures.fps,
            });
            task["iceServers"] = cast
                .stun()
                .map(|stun| json!({ "urls": stun }))
                .into_iter()
                .collect();
            Browser::open(&folder.join(name(side)), &[host.address(&task)])
        });
        let mut pages = Self {
            host,
            waiting: Vec::new(),
            browsers,
        };
        for side in [Side::Caller, Side::Callee] {
            pages.hear(side, "listening").await?;
        }
        Ok(pages)
    }

    /// The browser's name and version.
    pub(super) fn version(&self) -> String {
        self.browsers[0].version()
    }
}

const fn name(side: Side) -> &'static str {
    match side {
        Side::Caller => "caller",
        Side::Callee => "callee",
    }
}

impl Pair for Pages {
    async fn order(&mut self, side: Side, order: &'static str) -> Result<(), BenchError> {
        self.host.order(name(side), order);
        Ok(())
    }

    async fn hear(&mut self, side: Side, event: &'static str) -> Result<Value, BenchError> {
        let page = name(side);
        let waiting = self.waiting.iter().position(|report| {
            matches!(report, Report::Event(report) if report["page"] == page && report["event"] == event)
        });
        match waiting.map(|position| self.waiting.remove(position)) {
            Some(Report::Event(report)) => Ok(report),
            _ => Ok(self.host.until(page, event, &mut self.waiting).await),
        }
    }
}
