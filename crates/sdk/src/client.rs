//! One logged-in user on one device: makes calls and receives them.

use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;
use visavis_call::Command;
use visavis_media::view::RenderContext;
use visavis_signal::{CallType, SessionId, UserId, UserInfo};
use visavis_trace::{Recorded, Recorder};

use crate::config::CallConfig;
use crate::engine::{Engine, Refused};
use crate::error::{CallError, SettingsError};
use crate::event::CallEvent;
use crate::local_media::LocalMedia;
use crate::session::{CallSession, Identity};
use crate::signaling::Signaling;
use crate::subscription::Subscription;
use crate::tls;

/// Makes and receives calls over a [`Signaling`].
///
/// A handle: clones mean the same client. The calls end when the last handle
/// is dropped; [`destroy`](Self::destroy) ends them politely.
#[derive(Clone)]
pub struct CallClient {
    engine: Arc<Engine>,
    config: CallConfig,
    render_context: RenderContext,
}

impl CallClient {
    /// A client with these settings, not yet attached to anything.
    ///
    /// Loads codecs and crypto in the background, so that the first call does
    /// not wait for them.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting that cannot be used.
    ///
    /// # Panics
    /// When called outside a tokio runtime, which runs the client's tasks.
    pub fn new(config: CallConfig) -> Result<Self, SettingsError> {
        config.control().validate()?;
        let tls = Arc::new(tls::client_config(&config.extra_roots_pem)?);
        let runtime = Handle::current();
        runtime.spawn_blocking(|| {
            visavis_media::warm_up();
            visavis_peer::warm_up();
        });
        Ok(Self {
            engine: Engine::new(config.clone(), tls, &runtime),
            config,
            render_context: RenderContext::new(),
        })
    }

    /// Takes signals from `signaling` and sends ours through it. Without it no
    /// call is processed; a second one replaces the first.
    ///
    /// # Errors
    /// [`SettingsError`] as [`new`](Self::new).
    pub fn attach(&self, signaling: impl Signaling) -> Result<(), SettingsError> {
        self.attach_with(signaling, None)
    }

    /// As [`attach`](Self::attach), and records what call control is told and what it does about
    /// it, up to the end of the client or another `attach`. `visavis replay` does it again,
    /// `visavis trace` draws it.
    ///
    /// The trace is meant to be shown to others: it holds no session description, candidate,
    /// address, password, value of a user info or name of a device. Each step is written before
    /// it is carried out, which costs some microseconds; a medium that blocks would hold up all
    /// calls of this client.
    ///
    /// ```no_run
    /// # use visavis::*;
    /// # fn example(client: CallClient, chat: ChatClient) -> Result<(), Box<dyn std::error::Error>> {
    /// client.attach_recorded(chat, Recorder::create("call.trace")?)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`SettingsError`] as [`new`](Self::new).
    pub fn attach_recorded(
        &self,
        signaling: impl Signaling,
        recorder: Recorder,
    ) -> Result<(), SettingsError> {
        self.attach_with(signaling, Some(recorder))
    }

    fn attach_with(
        &self,
        signaling: impl Signaling,
        recorder: Option<Recorder>,
    ) -> Result<(), SettingsError> {
        let (me, config) = (signaling.user(), self.config.control());
        let call = Recorded::new(me, config, rand::random(), recorder)?;
        self.engine.attach(Arc::new(signaling), call);
        Ok(())
    }

    /// From now on incoming calls are delivered.
    ///
    /// # Errors
    /// [`CallError::NotAttached`] before [`attach`](Self::attach).
    pub fn start_processing(&self) -> Result<(), CallError> {
        self.engine
            .command(Command::StartProcessing)
            .map_err(CallError::from)
    }

    /// What our calls send from now on; calls that are under way keep what
    /// they have.
    pub fn set_local_media(&self, media: LocalMedia) {
        self.engine.set_media(media);
    }

    /// A new call with these opponents; nothing is sent before
    /// [`CallSession::start`].
    ///
    /// # Errors
    /// [`CallError`]: nothing is attached, chat is not connected, calls are
    /// not processed, or the list of opponents is empty, too long, or names
    /// somebody twice or ourselves.
    pub fn create_session(
        &self,
        opponents: &[UserId],
        call_type: CallType,
    ) -> Result<CallSession, CallError> {
        let initiator = self.engine.user().ok_or(Refused::NotAttached)?;
        let identity = Identity {
            id: SessionId::from_bytes(rand::random()),
            initiator,
            opponents: opponents.to_vec(),
            call_type,
            user_info: UserInfo::new(),
        };
        self.engine.create(identity).map_err(CallError::from)
    }

    /// Comes back to a call that closed here less than ten minutes ago and goes on
    /// elsewhere, after the connection was lost for too long. One of those who are
    /// in it calls us again: [`CallEvent::NewSession`] with the same id, already
    /// accepted, for which the sources are opened.
    ///
    /// # Errors
    /// [`CallError`]: no such call was closed lately, chat is not connected, or a
    /// source cannot be opened.
    pub fn rejoin(&self, session: &SessionId) -> Result<(), CallError> {
        self.engine.rejoin(session).map_err(CallError::from)
    }

    /// The calls that are not closed.
    pub fn sessions(&self) -> Vec<CallSession> {
        self.engine.sessions()
    }

    /// What the views of this client's calls share: give it to
    /// [`VideoView::new`](crate::VideoView::new).
    pub fn render_context(&self) -> &RenderContext {
        &self.render_context
    }

    /// What happens in all calls, from now on.
    pub fn subscribe(&self) -> Subscription<CallEvent> {
        self.engine.subscribe()
    }

    /// Hangs up every call, waits until each is closed, and detaches from the
    /// signaling, which stays connected. Harmless when repeated.
    pub async fn destroy(&self) {
        if self.engine.command(Command::Destroy).is_ok() {
            self.engine.all_closed().await;
        }
        self.engine.detach();
    }
}

impl fmt::Debug for CallClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallClient")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
