//! Offer and answer (RFC 8829, RFC 8839).

use std::time::Instant;

use str0m::RtcError;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::error::SdpError;
use str0m::media::{Direction, MediaKind, Mid};

use super::{CONNECT_TIME, Connection, Phase, engine};
use crate::candidate::IceCandidate;
use crate::description::{self, DescriptionFault};
use crate::event::PeerEvent;

/// The exchange that is under way.
#[derive(Default)]
pub(super) enum Negotiation {
    #[default]
    None,
    /// Our offer is out.
    Offered {
        pending: SdpPendingOffer,
        sdp: String,
        candidates: usize,
        /// The section that it adds.
        video: Option<Mid>,
    },
    /// An offer came in; its answer waits for the user. Until then the other
    /// side learns nothing of us.
    Received { offer: SdpOffer, paths: Paths },
}

/// What a description says of the ways to the other side.
pub(super) struct Paths {
    candidates: Vec<IceCandidate>,
    user_fragment: String,
}

/// Checks a description and has the engine read it.
fn read<T>(
    sdp: &str,
    engine: impl FnOnce(&str) -> Result<T, SdpError>,
) -> Result<(T, Paths), DescriptionFault> {
    let checked = description::check(sdp)?;
    let read = engine(&checked.sdp).map_err(|_| DescriptionFault::Malformed)?;
    let paths = Paths {
        candidates: checked.candidates,
        user_fragment: checked.user_fragment,
    };
    Ok((read, paths))
}

impl Connection {
    /// Makes our offer.
    pub fn create_offer(&mut self) {
        if !matches!(self.negotiation, Negotiation::None) || self.phase == Phase::Over {
            return;
        }
        let mut changes = self.rtc.sdp_api();
        if self.config.audio {
            self.audio =
                Some(changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None));
        }
        if self.config.video {
            self.video =
                Some(changes.add_media(MediaKind::Video, Direction::SendRecv, None, None, None));
        }
        let Some((offer, pending)) = changes.apply() else {
            return self.reject(DescriptionFault::NoMedia);
        };
        let sdp = offer.to_sdp_string();
        self.events.push_back(PeerEvent::LocalOffer(sdp.clone()));
        self.negotiation = Negotiation::Offered {
            pending,
            sdp,
            candidates: self.local.len(),
            video: self.video,
        };
        self.report_candidates();
    }

    /// Offers a change of a connection that is described on both sides: with or
    /// without video, and on new paths (RFC 8839 section 4.4.1.1.1) or the old
    /// ones. Media flows on meanwhile. An offer that waits for its answer is
    /// replaced.
    pub fn renegotiate(&mut self, video: bool, restart_ice: bool) {
        if !self.described || self.phase == Phase::Over {
            return;
        }
        let mut changes = self.rtc.sdp_api();
        let mut section = self.video;
        match (section, video) {
            (Some(mid), true) => changes.set_direction(mid, Direction::SendRecv),
            (Some(mid), false) => changes.set_direction(mid, Direction::Inactive),
            (None, true) => {
                let direction = Direction::SendRecv;
                section = Some(changes.add_media(MediaKind::Video, direction, None, None, None));
            }
            (None, false) => {}
        }
        // An offer that changes nothing would be none.
        if restart_ice || !changes.has_changes() {
            changes.ice_restart(true);
        }
        let Some((offer, pending)) = changes.apply() else {
            return;
        };
        let sdp = offer.to_sdp_string();
        self.events.push_back(PeerEvent::LocalOffer(sdp.clone()));
        self.negotiation = Negotiation::Offered {
            pending,
            sdp,
            candidates: self.local.len(),
            video: section,
        };
    }

    /// Takes the other side's offer; a later one replaces it until it is
    /// answered. Once both sides are described it may come at any time, and
    /// takes the place of an offer of ours.
    pub fn apply_offer(&mut self, sdp: &str) {
        let first_is_ours = matches!(self.negotiation, Negotiation::Offered { .. });
        if self.phase == Phase::Over || first_is_ours && !self.described {
            return self.reject(DescriptionFault::Unusable);
        }
        match read(sdp, SdpOffer::from_sdp_string) {
            Ok((offer, paths)) => self.negotiation = Negotiation::Received { offer, paths },
            Err(fault) => self.reject(fault),
        }
    }

    /// Answers the offer: from here on the other side can reach us.
    pub fn create_answer(&mut self, now: Instant) {
        let (offer, paths) = match std::mem::take(&mut self.negotiation) {
            Negotiation::Received { offer, paths } => (offer, paths),
            // Without an offer its fault was told already.
            other => {
                self.negotiation = other;
                return;
            }
        };
        match self.rtc.sdp_api().accept_offer(offer) {
            Ok(answer) => {
                let sdp = answer.to_sdp_string();
                self.find_media(&sdp);
                self.events.push_back(PeerEvent::LocalAnswer(sdp));
                self.negotiated(now, paths);
            }
            Err(error) => self.start_over(now, &error),
        }
    }

    /// Takes the answer to our offer.
    pub fn apply_answer(&mut self, now: Instant, sdp: &str) {
        if !matches!(self.negotiation, Negotiation::Offered { .. }) {
            return self.reject(DescriptionFault::Unusable);
        }
        let (answer, paths) = match read(sdp, SdpAnswer::from_sdp_string) {
            Ok(read) => read,
            Err(fault) => return self.reject(fault),
        };
        let Negotiation::Offered { pending, video, .. } = std::mem::take(&mut self.negotiation)
        else {
            return;
        };
        match self.rtc.sdp_api().accept_answer(pending, answer) {
            Ok(()) => {
                self.video = video;
                self.negotiated(now, paths);
            }
            Err(error) => self.start_over(now, &error),
        }
    }

    /// The engine refuses a description that looked good. Before the first exchange
    /// is complete it may have kept a part of it: another one takes its place.
    fn start_over(&mut self, now: Instant, error: &RtcError) {
        tracing::debug!(%error, "the description cannot be used");
        if !self.described {
            self.rtc = engine(&self.config, now);
            for candidate in &self.local {
                self.rtc.add_local_candidate(candidate.clone());
            }
            (self.audio, self.video) = (None, None);
        }
        self.reject(DescriptionFault::Unusable);
    }

    fn negotiated(&mut self, now: Instant, paths: Paths) {
        if !std::mem::replace(&mut self.described, true) {
            self.phase = Phase::Connecting {
                until: now + CONNECT_TIME,
                path_found: false,
            };
            self.events.push_back(PeerEvent::Checking);
        }
        if self.user_fragment != paths.user_fragment {
            self.user_fragment = paths.user_fragment;
            self.remote.clear();
        }
        for candidate in paths.candidates {
            self.try_candidate(&candidate);
        }
        for candidate in std::mem::take(&mut self.early) {
            self.try_candidate(&candidate);
        }
        self.report_candidates();
    }

    /// Finds the sections that the offer made, in our answer's words.
    fn find_media(&mut self, answer: &str) {
        for section in answer.split("\r\nm=").skip(1) {
            let Some(mid) = section.lines().find_map(|line| line.strip_prefix("a=mid:")) else {
                continue;
            };
            let mid = Mid::from(mid);
            let Some(media) = self.rtc.media(mid) else {
                continue;
            };
            match media.kind() {
                MediaKind::Audio => self.audio.get_or_insert(mid),
                MediaKind::Video => self.video.get_or_insert(mid),
            };
        }
    }

    /// Reports candidates that were not yet, and the offer again if it lacks
    /// some. Before there is a section to name they wait.
    pub(super) fn report_candidates(&mut self) {
        let Some(mid) = self.audio.or(self.video) else {
            return;
        };
        let new = self.local.len() > self.reported;
        if !new {
            return;
        }
        let candidates = self.local[self.reported..]
            .iter()
            .map(|candidate| IceCandidate {
                candidate: bare(&candidate.to_sdp_string()),
                sdp_mid: Some(mid.to_string()),
                sdp_mline_index: Some(0),
            });
        self.events
            .push_back(PeerEvent::LocalCandidates(candidates.collect()));
        self.reported = self.local.len();

        if let Negotiation::Offered {
            sdp, candidates, ..
        } = &mut self.negotiation
            && !self.described
            && *candidates < self.local.len()
        {
            let missing: Vec<String> = self.local[*candidates..]
                .iter()
                .map(|candidate| bare(&candidate.to_sdp_string()))
                .collect();
            *sdp = description::with_candidates(sdp, missing.iter().map(String::as_str));
            *candidates = self.local.len();
            self.events.push_back(PeerEvent::LocalOffer(sdp.clone()));
        }
    }
}

/// A candidate line as signals carry it: without `a=` and line end.
fn bare(line: &str) -> String {
    let line = line.trim();
    line.strip_prefix("a=").unwrap_or(line).to_owned()
}
