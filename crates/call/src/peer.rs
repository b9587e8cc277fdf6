//! One other user of a call: his state, his device, and what is exchanged with him.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use visavis_signal::limits::MAX_CANDIDATES;
use visavis_signal::{Body, Candidate, Description, UserId, UserInfo};

use crate::early::CANDIDATES_AT_MOST;
use crate::invitation::Invitation;
use crate::step::Step;
use crate::timers::Timers;
use crate::{Address, Event, PeerState, Time, TransportCommand};

/// How long after the first time all candidates are sent once more. Browsers lose candidates that
/// arrive while they apply an answer; a repetition makes them look again.
const REPEAT_CANDIDATES_AFTER: Duration = Duration::from_secs(1);

/// How many devices of one user are remembered as turned away; more ring nowhere.
const REFUSED_DEVICES_AT_MOST: usize = 16;

/// One other user of a call.
#[derive(Debug)]
pub struct Peer {
    /// His device, once it is known.
    pub(crate) address: Address,
    state: PeerState,
    transport: Transport,
    /// Our own description for him: the offer while dialing, the answer after accepting.
    pub(crate) local: Option<Description>,
    /// The offer that came from him.
    pub(crate) offer: Option<Description>,
    /// When the `accept` was sent last.
    pub(crate) answered: Option<Time>,
    /// The video bit rate that he wants us to stay below, in kbit/s.
    bandwidth: Option<u32>,
    /// All our candidates so far.
    gathered: Vec<Candidate>,
    /// Whether he may be sent candidates.
    sharing: bool,
    /// His candidates that came before his answer, each with the device it came from.
    waiting: Vec<(Option<Arc<str>>, Candidate)>,
    /// Devices of his that were too late to take the call.
    refused: Vec<Arc<str>>,
    pub(crate) timers: Timers<PeerTimer>,
}

/// What a peer's alarms are for. Of two due together the first one goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PeerTimer {
    /// He did not answer.
    Answer,
    /// No connection came about.
    Connect,
    /// A lost connection did not come back.
    Disconnect,
    /// Send all candidates once more.
    RepeatCandidates,
    /// Send the `call` once more.
    Redial,
}

/// Whether the shell holds a connection for a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    /// Not yet, or not any longer.
    None,
    Open,
    /// It was told to let go and has not reported yet.
    Releasing,
    /// It let go by itself.
    Lost,
}

impl Peer {
    /// Somebody we may call.
    pub(crate) const fn called(user: UserId) -> Self {
        Self::new(Address::bare(user), PeerState::New)
    }

    /// Somebody who calls us.
    pub(crate) const fn calling(from: Address) -> Self {
        Self::new(from, PeerState::Pending)
    }

    const fn new(address: Address, state: PeerState) -> Self {
        Self {
            address,
            state,
            transport: Transport::None,
            local: None,
            offer: None,
            answered: None,
            bandwidth: None,
            gathered: Vec::new(),
            sharing: false,
            waiting: Vec::new(),
            refused: Vec::new(),
            timers: Timers::new(),
        }
    }

    /// Who he is.
    pub const fn user(&self) -> UserId {
        self.address.user
    }

    /// Where we stand with him.
    pub const fn state(&self) -> PeerState {
        self.state
    }

    /// Where signals to him go: to his device once it is known, before that to all of them.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The video bit rate that he asked us to stay below, in kbit/s.
    pub const fn bandwidth(&self) -> Option<u32> {
        self.bandwidth
    }

    pub(crate) fn adopt_bandwidth(&mut self, kilobits: Option<u32>) {
        // Zero is how clients of the documented system say that there is no limit.
        self.bandwidth = kilobits.filter(|limit| *limit > 0);
    }

    /// Enters another state. What the table does not allow does not happen.
    pub(crate) fn enter(&mut self, call: &Invitation, step: &mut Step<'_>, next: PeerState) {
        if !self.state.may_become(next) {
            debug_assert!(false, "a peer cannot go from {} to {next}", self.state);
            return;
        }
        self.state = next;
        step.event(Event::PeerStateChanged {
            session: call.session.clone(),
            user: self.user(),
            state: next,
        });
    }

    pub(crate) fn say(
        &self,
        call: &Invitation,
        step: &mut Step<'_>,
        body: Body,
        user_info: UserInfo,
    ) {
        step.send(self.address.clone(), call.signal(body, user_info));
    }

    // ── His devices ─────────────────────────────────────────────────────────

    /// Whether a signal from this device counts, now that one device of his is in the call.
    ///
    /// When it comes from a device that never was turned away, he has connected to chat anew, and
    /// signals follow him there.
    pub(crate) fn follow(&mut self, from: &Address) -> bool {
        let Some(device) = &from.resource else {
            return true;
        };
        let refused = self.refused.contains(device);
        if !refused {
            self.address = from.clone();
        }
        !refused
    }

    /// Remembers that this device is not the one that is in the call.
    pub(crate) fn refuse(&mut self, from: &Address) {
        let Some(device) = &from.resource else { return };
        if !self.refused.contains(device) && self.refused.len() < REFUSED_DEVICES_AT_MOST {
            self.refused.push(device.clone());
        }
    }

    // ── Candidates ──────────────────────────────────────────────────────────

    /// More of ours were found. Before the descriptions are exchanged they only wait: browsers drop
    /// what comes earlier.
    pub(crate) fn gather(&mut self, call: &Invitation, step: &mut Step<'_>, found: Vec<Candidate>) {
        let room = MAX_CANDIDATES - self.gathered.len();
        let new: Vec<_> = found
            .into_iter()
            .filter(|found| !self.gathered.contains(found))
            .take(room)
            .collect();
        self.gathered.extend_from_slice(&new);
        if self.sharing {
            self.send_candidates(call, step, new);
        }
    }

    /// Sends him everything gathered so far, and once more in a second.
    pub(crate) fn share_candidates(&mut self, call: &Invitation, step: &mut Step<'_>) {
        self.sharing = true;
        self.send_candidates(call, step, self.gathered.clone());
        self.timers.set(
            PeerTimer::RepeatCandidates,
            step.now + REPEAT_CANDIDATES_AFTER,
        );
    }

    pub(crate) fn repeat_candidates(&self, call: &Invitation, step: &mut Step<'_>) {
        self.send_candidates(call, step, self.gathered.clone());
    }

    fn send_candidates(&self, call: &Invitation, step: &mut Step<'_>, candidates: Vec<Candidate>) {
        if !candidates.is_empty() {
            self.say(call, step, Body::IceCandidates(candidates), UserInfo::new());
        }
    }

    /// Keeps candidates of his until his answer is there.
    pub(crate) fn keep_waiting(&mut self, from: &Address, candidates: Vec<Candidate>) {
        let room = CANDIDATES_AT_MOST - self.waiting.len();
        let device = &from.resource;
        self.waiting.extend(
            candidates
                .into_iter()
                .take(room)
                .map(|candidate| (device.clone(), candidate)),
        );
    }

    /// Hands over the candidates that came ahead of the answer, as far as they are of the device
    /// that answered.
    pub(crate) fn release_waiting(&mut self, call: &Invitation, step: &mut Step<'_>) {
        let waiting = core::mem::take(&mut self.waiting).into_iter();
        let his = waiting
            .filter(|(device, _)| *device == self.address.resource)
            .map(|(_, candidate)| candidate);
        self.add_candidates(call, step, his.collect());
    }

    pub(crate) fn add_candidates(
        &self,
        call: &Invitation,
        step: &mut Step<'_>,
        candidates: Vec<Candidate>,
    ) {
        if !candidates.is_empty() {
            self.command(call, step, TransportCommand::AddCandidates(candidates));
        }
    }

    // ── The connection ──────────────────────────────────────────────────────

    pub(crate) fn open_transport(&mut self, call: &Invitation, step: &mut Step<'_>) {
        self.transport = Transport::Open;
        self.command(
            call,
            step,
            TransportCommand::Open {
                call_type: call.call_type,
            },
        );
    }

    pub(crate) fn command(
        &self,
        call: &Invitation,
        step: &mut Step<'_>,
        command: TransportCommand,
    ) {
        step.transport(&call.session, self.user(), command);
    }

    /// Both descriptions are there: from here on it is up to the network, until `connect_by`.
    pub(crate) fn connect(&mut self, call: &Invitation, step: &mut Step<'_>, connect_by: Time) {
        self.enter(call, step, PeerState::Connecting);
        step.event(Event::StartConnect {
            session: call.session.clone(),
            user: self.user(),
        });
        self.timers.set(PeerTimer::Connect, connect_by);
        self.share_candidates(call, step);
    }

    /// Lets go of the connection and everything that was still to be done.
    pub(crate) fn release(&mut self, call: &Invitation, step: &mut Step<'_>) {
        self.timers.cancel_all();
        match self.transport {
            Transport::Open => {
                self.transport = Transport::Releasing;
                self.command(call, step, TransportCommand::Close);
            }
            Transport::Lost => self.transport = Transport::None,
            Transport::None | Transport::Releasing => return,
        }
        step.event(Event::ConnectionClosed {
            session: call.session.clone(),
            user: self.user(),
        });
    }

    /// The shell released the connection.
    pub(crate) const fn transport_released(&mut self) {
        self.transport = match self.transport {
            Transport::Open | Transport::Lost => Transport::Lost,
            Transport::Releasing | Transport::None => Transport::None,
        };
    }

    /// Whether the shell holds a connection that is of use.
    pub(crate) const fn has_transport(&self) -> bool {
        matches!(self.transport, Transport::Open)
    }

    /// Whether the shell still has to release the connection.
    pub(crate) const fn is_releasing(&self) -> bool {
        matches!(self.transport, Transport::Releasing)
    }
}
