//! One other user of a call: his state, his device, and what is exchanged with him.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use visavis_signal::limits::MAX_CANDIDATES;
use visavis_signal::{
    Body, CallType, Candidate, Capabilities, Description, MediaState, Signal, UserId, UserInfo,
};

use crate::devices::Sender;
use crate::early::CANDIDATES_AT_MOST;
use crate::invitation::Invitation;
use crate::negotiation::Negotiation;
use crate::step::Step;
use crate::timers::Timers;
use crate::{Address, Event, PeerState, Time, TransportCommand};

/// How long after the first time all candidates are sent once more. Browsers lose candidates that
/// arrive while they apply an answer; a repetition makes them look again.
const REPEAT_CANDIDATES_AFTER: Duration = Duration::from_secs(1);

/// One other user of a call.
#[derive(Debug)]
pub struct Peer {
    /// His device, once it is known.
    pub(crate) address: Address,
    state: PeerState,
    relation: Relation,
    pub(crate) exchange: Exchange,
    transport: Transport,
    /// What his client knows beyond the documented system.
    capabilities: Capabilities,
    /// Our own description for him: the offer while dialing, the answer after accepting.
    pub(crate) local: Option<Description>,
    /// The offer that came from him.
    pub(crate) offer: Option<Description>,
    /// Whether the connection has a description of his.
    described: bool,
    /// What the connection carries, by the last exchange that began. `None` before there is one.
    /// An offer may be older than what the call has become.
    pub(crate) carries: Option<CallType>,
    /// What it carried when the first exchange was done: by that he assumes what we send, until he
    /// is told.
    pub(crate) began_as: Option<CallType>,
    /// Whether our addresses changed while our offer was out.
    pub(crate) has_moved: bool,
    /// When the `accept` was sent last.
    pub(crate) answered: Option<Time>,
    /// What was exchanged after that.
    pub(crate) negotiation: Negotiation,
    /// How often he was called into a call that went on.
    pub(crate) invitation: u32,
    /// When somebody else called him into it.
    pub(crate) called_at: Option<Time>,
    /// Who that was.
    pub(crate) called_by: Option<UserId>,
    /// The video bit rate that he wants us to stay below, in kbit/s.
    bandwidth: Option<u32>,
    /// What he sends, as far as he says.
    pub(crate) media: Option<MediaState>,
    /// Whether he was connected once.
    was_connected: bool,
    /// Whether he was in the call once, perhaps before he was called into it again.
    was_here: bool,
    /// Whether a device of his said that it rings.
    pub(crate) rings: bool,
    /// What is attached to the `call` to him, where it is not the session's.
    pub(crate) call_info: Option<UserInfo>,
    /// All our candidates so far.
    gathered: Vec<Candidate>,
    /// Whether he may be sent candidates.
    sharing: bool,
    /// His candidates that came before his description, each with the device it came from.
    waiting: Vec<(Option<Arc<str>>, Candidate)>,
    /// What his device calls itself, if he has one of our own clients.
    pub(crate) device: Option<Arc<str>>,
    /// Whether it is known what client he has.
    pub(crate) is_known: bool,
    /// Devices of his that were too late to take the call.
    pub(crate) refused: Vec<Arc<str>>,
    pub(crate) timers: Timers<PeerTimer>,
}

/// How a peer and we came into one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Relation {
    /// We called him.
    Callee,
    /// He called us.
    Caller,
    /// Others called us both.
    Fellow,
}

/// How far the first exchange of descriptions is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Exchange {
    /// Nobody offered.
    None,
    /// We offer: the `call` is being made or is out.
    Offering,
    /// He offered.
    Answering,
    /// Both descriptions are there.
    Done,
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
    /// Try to bring it back.
    Repair,
    /// An offer was not answered.
    RepeatOffer,
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
    pub(crate) fn called(user: UserId) -> Self {
        Self::new(Address::bare(user), Relation::Callee, PeerState::New)
    }

    /// Somebody we call into a call that goes on.
    pub(crate) fn invited(user: UserId, invitation: u32, user_info: UserInfo) -> Self {
        Self {
            invitation,
            call_info: Some(user_info),
            ..Self::called(user)
        }
    }

    /// Somebody who calls us.
    pub(crate) fn calling(from: &Sender) -> Self {
        let address = from.address.clone();
        let mut peer = Self::new(address, Relation::Caller, PeerState::Pending);
        peer.exchange = Exchange::Answering;
        peer.settle_on(from);
        peer
    }

    /// Somebody who was called into a call that goes on, by somebody else.
    pub(crate) fn added(user: UserId, me: UserId, invitation: u32, now: Time) -> Self {
        Self {
            invitation,
            called_at: Some(now),
            ..Self::fellow(user, me)
        }
    }

    /// Somebody who was called like us. Of two the one with the larger id offers.
    pub(crate) fn fellow(user: UserId, me: UserId) -> Self {
        let state = if user > me {
            PeerState::Wait
        } else {
            PeerState::New
        };
        Self::new(Address::bare(user), Relation::Fellow, state)
    }

    fn new(address: Address, relation: Relation, state: PeerState) -> Self {
        Self {
            address,
            state,
            relation,
            exchange: Exchange::None,
            transport: Transport::None,
            capabilities: Capabilities::new(),
            local: None,
            offer: None,
            described: false,
            carries: None,
            began_as: None,
            has_moved: false,
            answered: None,
            negotiation: Negotiation::default(),
            invitation: 0,
            called_at: None,
            called_by: None,
            bandwidth: None,
            media: None,
            was_connected: false,
            was_here: false,
            rings: false,
            call_info: None,
            gathered: Vec::new(),
            sharing: false,
            waiting: Vec::new(),
            device: None,
            is_known: false,
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

    /// What he sends, as far as his client says so.
    pub const fn media(&self) -> Option<MediaState> {
        self.media
    }

    /// Whether his client knows an extension, see [`visavis_signal::capability`].
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    pub(crate) const fn is_fellow(&self) -> bool {
        matches!(self.relation, Relation::Fellow)
    }

    pub(crate) const fn is_caller(&self) -> bool {
        matches!(self.relation, Relation::Caller)
    }

    /// Whether we called him into a call that went on.
    pub(crate) fn is_added_by_us(&self) -> bool {
        self.relation == Relation::Callee && self.invitation > 0 && self.state.is_live()
    }

    /// Whether he was called and has not answered.
    pub(crate) fn is_dialed(&self) -> bool {
        self.exchange == Exchange::Offering && self.state == PeerState::Pending
    }

    /// Whether nobody knows yet which device of his will be in the call.
    pub(crate) fn is_undecided(&self) -> bool {
        !self.is_caller() && !self.state.is_negotiated()
    }

    /// Whether the connection has a description of his.
    pub(crate) const fn is_described(&self) -> bool {
        self.described
    }

    /// Learns what came with his first description.
    pub(crate) fn introduce(&mut self, bandwidth: Option<u32>, capabilities: Capabilities) {
        // Zero is how clients of the documented system say that there is no limit.
        self.bandwidth = bandwidth.filter(|limit| *limit > 0);
        self.capabilities = capabilities;
    }

    /// Whether he was connected once.
    pub(crate) const fn was_connected(&self) -> bool {
        self.was_connected
    }

    /// Whether he was in the call once.
    pub(crate) const fn was_here(&self) -> bool {
        self.was_here
    }

    /// Takes the place of what was known of him when he was in the call before.
    pub(crate) fn follows(&mut self, former: &Self) {
        self.transport = former.transport;
        self.was_here = former.was_here;
    }

    /// Notes that he is connected; whether for the first time.
    pub(crate) const fn connects(&mut self) -> bool {
        self.was_here = true;
        !core::mem::replace(&mut self.was_connected, true)
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

    /// Says something to him. First descriptions also say what we know.
    pub(crate) fn say(
        &self,
        call: &Invitation,
        step: &mut Step<'_>,
        body: Body,
        user_info: UserInfo,
    ) {
        let signal = self.signal(call, step, body, user_info);
        step.send(self.address.clone(), signal);
    }

    pub(crate) fn signal(
        &self,
        call: &Invitation,
        step: &Step<'_>,
        body: Body,
        user_info: UserInfo,
    ) -> Signal {
        let mut signal = call.signal(body, user_info);
        if self.relation == Relation::Callee {
            // The one who called him, even where he did not begin the call.
            signal.caller = Some(step.me);
        }
        if self.is_told_devices() {
            signal.device = Some(step.device.clone());
        }
        match signal.body {
            Body::Call { .. } => {
                signal.call_type = self.carries.or(signal.call_type);
                signal.bandwidth = step.config.bandwidth;
                signal.capabilities = step.capabilities.clone();
            }
            Body::Accept { .. } => signal.capabilities = step.capabilities.clone(),
            Body::Reject | Body::HangUp | Body::IceCandidates(_) | Body::Update(_) => {}
        }
        signal
    }

    // ── Candidates ──────────────────────────────────────────────────────────

    /// More of ours were found. Before the descriptions are exchanged they only wait: browsers drop
    /// what comes earlier.
    pub(crate) fn gather(&mut self, call: &Invitation, step: &mut Step<'_>, found: Vec<Candidate>) {
        let is_new = |found: &Candidate| !self.gathered.contains(found);
        let mut new: Vec<_> = found.into_iter().filter(is_new).collect();
        new.truncate(MAX_CANDIDATES);
        self.gathered.extend_from_slice(&new);
        // The oldest are those that led nowhere, or to a network that is left.
        let too_many = self.gathered.len().saturating_sub(MAX_CANDIDATES);
        self.gathered.drain(..too_many);
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

    /// Whether he gets our candidates as they are found.
    pub(crate) const fn is_sharing(&self) -> bool {
        self.sharing
    }

    /// Keeps candidates of his until his description is there.
    pub(crate) fn keep_waiting(&mut self, from: &Sender, candidates: Vec<Candidate>) {
        let room = CANDIDATES_AT_MOST - self.waiting.len();
        let device = &from.address.resource;
        self.waiting.extend(
            candidates
                .into_iter()
                .take(room)
                .map(|candidate| (device.clone(), candidate)),
        );
    }

    /// Hands over the candidates that came ahead of his description, as far as they are of the
    /// device that it came from.
    fn release_waiting(&mut self, call: &Invitation, step: &mut Step<'_>) {
        let waiting = core::mem::take(&mut self.waiting).into_iter();
        let decided = self.state.is_negotiated();
        let his = waiting
            .filter(|(device, _)| decided || *device == self.address.resource)
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
        let call_type = *self.carries.get_or_insert(call.call_type);
        self.described = false;
        // One that is still being released has to be out of the way.
        let command = if self.is_releasing() {
            TransportCommand::Reopen { call_type }
        } else {
            TransportCommand::Open { call_type }
        };
        self.transport = Transport::Open;
        self.command(call, step, command);
    }

    /// Replaces the connection by a new one, on hold if the call is. Until he has both descriptions
    /// it stays what he was offered.
    pub(crate) fn reopen(&mut self, call: &Invitation, step: &mut Step<'_>, held: bool) {
        self.negotiation = Negotiation::default();
        self.gathered.clear();
        self.sharing = false;
        self.described = false;
        let offered = self.carries.filter(|_| self.exchange != Exchange::Done);
        let call_type = offered.unwrap_or(call.call_type);
        self.carries = Some(call_type);
        self.command(call, step, TransportCommand::Reopen { call_type });
        if held {
            self.command(call, step, TransportCommand::SetHeld(true));
        }
    }

    /// Hands the connection his offer, and the candidates that came ahead of it.
    pub(crate) fn apply_offer(
        &mut self,
        call: &Invitation,
        step: &mut Step<'_>,
        offer: Description,
    ) {
        self.described = true;
        self.command(call, step, TransportCommand::ApplyOffer(offer));
        self.release_waiting(call, step);
    }

    /// Hands the connection his answer, and the candidates that came ahead of it.
    pub(crate) fn apply_answer(
        &mut self,
        call: &Invitation,
        step: &mut Step<'_>,
        answer: Description,
    ) {
        self.described = true;
        self.command(call, step, TransportCommand::ApplyAnswer(answer));
        self.release_waiting(call, step);
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
        self.exchange = Exchange::Done;
        self.began_as = self.carries;
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
