//! One call, as the app holds it.

use std::fmt;
use std::sync::{Arc, Weak};

use visavis_call::{Command, PeerState, SessionState};
use visavis_media::source::{AudioSource, VideoSource};
use visavis_media::{AudioTrack, VideoTrack};
use visavis_signal::{CallType, MediaState, SessionId, UserId, UserInfo};

use crate::engine::{Engine, LocalTracks, Refused};
use crate::error::CallError;
use crate::event::CallEvent;
use crate::subscription::Subscription;

/// What a session is known by, as it began.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) id: SessionId,
    pub(crate) initiator: UserId,
    pub(crate) opponents: Vec<UserId>,
    pub(crate) call_type: CallType,
    pub(crate) user_info: UserInfo,
}

/// One call: who takes part, in which state it is, and the four verbs.
///
/// A handle: clones mean the same call, and dropping them ends nothing.
#[derive(Clone)]
pub struct CallSession {
    identity: Arc<Identity>,
    engine: Weak<Engine>,
}

impl CallSession {
    pub(crate) fn new(identity: Identity, engine: Weak<Engine>) -> Self {
        Self {
            identity: Arc::new(identity),
            engine,
        }
    }

    /// The id that both sides know the call by.
    pub fn id(&self) -> &SessionId {
        &self.identity.id
    }

    /// Who called.
    pub fn initiator(&self) -> UserId {
        self.identity.initiator
    }

    /// Who was called, everybody of them, those who came later too.
    pub fn opponents(&self) -> Vec<UserId> {
        self.read(|session| session.opponents().to_vec())
            .unwrap_or_else(|| self.identity.opponents.clone())
    }

    /// Audio or video, as it is now.
    pub fn call_type(&self) -> CallType {
        self.read(visavis_call::Session::call_type)
            .unwrap_or(self.identity.call_type)
    }

    /// What the caller sent along; empty for a call of our own.
    pub fn user_info(&self) -> &UserInfo {
        &self.identity.user_info
    }

    /// The session's state.
    pub fn state(&self) -> SessionState {
        self.read(visavis_call::Session::state)
            .unwrap_or(SessionState::Closed)
    }

    /// The state of the connection to one user; `Unknown` for somebody who is
    /// not in the call.
    pub fn peer_state(&self, user: UserId) -> PeerState {
        self.read(|session| session.peer_state(user))
            .unwrap_or(PeerState::Unknown)
    }

    /// What a user sends, if his client says so.
    pub fn peer_media(&self, user: UserId) -> Option<MediaState> {
        self.read(|session| session.peer(user)?.media()).flatten()
    }

    /// Whether we hold the call.
    pub fn is_held(&self) -> bool {
        self.read(|session| session.media().held).unwrap_or(false)
    }

    /// Looks at the call while it is not over.
    fn read<T>(&self, look: impl FnOnce(&visavis_call::Session) -> T) -> Option<T> {
        self.engine.upgrade()?.with_session(self.id(), look)
    }

    /// What happens in this call, from now on until it is closed.
    pub fn subscribe(&self) -> Option<Subscription<CallEvent>> {
        Some(self.engine.upgrade()?.subscribe_to(self.id()))
    }

    /// Our own picture, once the call was started or accepted.
    pub fn local_video_track(&self) -> Option<VideoTrack> {
        self.engine
            .upgrade()?
            .with_local(self.id(), |tracks| tracks.video_track())?
    }

    /// Our own sound, once the call was started or accepted. Disabling it mutes us.
    pub fn local_audio_track(&self) -> Option<AudioTrack> {
        self.engine
            .upgrade()?
            .with_local(self.id(), |tracks| tracks.audio_track())?
    }

    /// Calls the opponents; `user_info` reaches them with the call.
    ///
    /// # Errors
    /// [`CallError`]: chat is not connected, a source cannot be opened, or the
    /// call was started, is closed or is not ours to start.
    pub fn start(&self, user_info: UserInfo) -> Result<(), CallError> {
        self.with_media(Command::Start {
            session: self.id().clone(),
            user_info,
        })
    }

    /// Takes an incoming call.
    ///
    /// # Errors
    /// [`CallError`]: a source cannot be opened, or the call was accepted
    /// already, is closed, or is our own.
    pub fn accept(&self, user_info: UserInfo) -> Result<(), CallError> {
        self.with_media(Command::Accept {
            session: self.id().clone(),
            user_info,
        })
    }

    /// Declines an incoming call.
    ///
    /// # Errors
    /// [`CallError`]: the call was accepted already, is closed, or is our own.
    pub fn reject(&self, user_info: UserInfo) -> Result<(), CallError> {
        self.command(Command::Reject {
            session: self.id().clone(),
            user_info,
        })
    }

    /// Leaves the call, or cancels it while it rings.
    ///
    /// # Errors
    /// [`CallError::Closed`] when it is over already.
    pub fn hang_up(&self, user_info: UserInfo) -> Result<(), CallError> {
        self.command(Command::HangUp {
            session: self.id().clone(),
            user_info,
        })
    }

    /// Sends data to everybody in the call, or to one.
    ///
    /// # Errors
    /// [`CallError`]: the call is closed or was not started, or `to` is not in it.
    pub fn update(&self, to: Option<UserId>, user_info: UserInfo) -> Result<(), CallError> {
        self.command(Command::Update {
            session: self.id().clone(),
            to,
            user_info,
        })
    }

    /// Sends pictures from another source from now on, without a gap; the others
    /// notice nothing but the picture. False when no picture is sent.
    pub fn switch_video_source(&self, source: impl VideoSource + 'static) -> bool {
        let switch = |tracks: &LocalTracks| tracks.switch_video(Box::new(source));
        let engine = self.engine.upgrade();
        engine
            .and_then(|engine| engine.with_local(self.id(), switch))
            .unwrap_or(false)
    }

    /// Sends sound from another source from now on, without a gap. False when no
    /// sound is sent.
    pub fn switch_audio_source(&self, source: impl AudioSource + 'static) -> bool {
        let switch = |tracks: &LocalTracks| tracks.switch_audio(Box::new(source));
        let engine = self.engine.upgrade();
        engine
            .and_then(|engine| engine.with_local(self.id(), switch))
            .unwrap_or(false)
    }

    /// Puts the call on hold: nothing is sent and nothing is played until
    /// [`resume`](Self::resume). The others are told.
    ///
    /// # Errors
    /// [`CallError`]: the call is closed, or was not taken yet.
    pub fn hold(&self) -> Result<(), CallError> {
        self.command(Command::Hold {
            session: self.id().clone(),
        })
    }

    /// Comes back to a call that was put on hold.
    ///
    /// # Errors
    /// As [`hold`](Self::hold).
    pub fn resume(&self) -> Result<(), CallError> {
        self.command(Command::Resume {
            session: self.id().clone(),
        })
    }

    /// Makes a video call of an audio call, or the other way. Our camera is opened
    /// or closed; the others see that the call changed
    /// ([`CallEvent::UpgradeRequested`]) and decide on theirs. Peers with clients
    /// of the documented system stay as they are.
    ///
    /// # Errors
    /// [`CallError`]: the camera cannot be opened, nobody in the call can change
    /// its type, or the call is closed or was not taken yet.
    pub fn upgrade(&self, call_type: CallType) -> Result<(), CallError> {
        self.engine()?.upgrade(self.id(), call_type)
    }

    /// Calls somebody into the call; `user_info` reaches him with it.
    ///
    /// The participant who keeps the list may refuse later:
    /// [`CallEvent::AddRefused`].
    ///
    /// # Errors
    /// [`CallError`]: he is in the call, there are too many already, chat is not
    /// connected, or the call is closed or was not taken yet.
    pub fn add(&self, user: UserId, user_info: UserInfo) -> Result<(), CallError> {
        self.command(Command::Add {
            session: self.id().clone(),
            user,
            user_info,
        })
    }

    /// Opens our sources first: the app hears of a broken one before the other
    /// side hears of us.
    fn with_media(&self, command: Command) -> Result<(), CallError> {
        let engine = self.engine()?;
        let known = engine.with_local(self.id(), |_| ()).is_some();
        engine
            .open_local(self.id(), self.call_type())
            .map_err(CallError::Source)?;
        engine.command(command).map_err(|refused| {
            if !known {
                engine.close_local(self.id());
            }
            CallError::from(refused)
        })
    }

    fn command(&self, command: Command) -> Result<(), CallError> {
        self.engine()?.command(command).map_err(CallError::from)
    }

    fn engine(&self) -> Result<Arc<Engine>, CallError> {
        self.engine
            .upgrade()
            .ok_or_else(|| Refused::NotAttached.into())
    }
}

impl PartialEq for CallSession {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for CallSession {}

impl fmt::Debug for CallSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallSession").field(self.id()).finish()
    }
}
