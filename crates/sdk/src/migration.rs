//! Coming from the QuickBlox video calling SDK: every item of its documentation, and the
//! item that takes its place here.
//!
//! The wire is the same: clients written for that system and clients of this crate call
//! each other, group calls included. What differs is how an app is written. Listeners are
//! [`subscribe`](CallClient::subscribe), which gives any number of independent
//! [`Subscription`]s; callbacks are [`CallEvent`]s; what was silently ignored is an error
//! with a type.
//!
//! | Chapter | What takes its place |
//! |---|---|
//! | [Initialize](#initialize) | [`ChatClient::connect`], [`CallClient::attach`], [`CallConfig`] |
//! | [Manage calls](#manage-calls) | [`CallClient::subscribe`], [`CallClient::start_processing`] |
//! | [Local and remote views](#local-and-remote-views) | [`VideoView`], [`RenderContext`], [`Scaling`] |
//! | [Initiate a call](#initiate-a-call) | [`CallClient::create_session`], [`CallSession::start`] |
//! | [Accept](#accept-a-call), [reject](#reject-a-call), [ignore](#ignore-a-call) | [`CallSession::accept`], [`CallSession::reject`], [`CallConfig::answer_interval`] |
//! | [Render a video stream](#render-a-video-stream-to-a-view) | [`VideoTrack`] |
//! | [Obtain audio tracks](#obtain-audio-tracks) | [`AudioTrack`] |
//! | [End a call](#end-a-call) | [`CallSession::hang_up`] |
//! | [Release resources](#release-resources) | [`CallClient::destroy`] |
//! | [Listen to events](#listen-to-events) | [`CallEvent`] |
//! | [States](#states) | [`SessionState`], [`PeerState`] |
//!
//! The snippets run as they stand; their hidden lines provide a server and the other side.
//!
//! # Initialize
//!
//! | There | Here |
//! |---|---|
//! | `QBChatService` | [`ChatClient`] |
//! | `getVideoChatWebRTCSignalingManager()`, `addSignalingManagerListener` | [`CallClient::attach`] |
//! | `QBSignaling`, `QBVideoChatSignalingManagerListener` | the trait [`Signaling`], of which chat is one implementation |
//! | `signalingCreated(signaling, createdLocally)`, `addSignaling` | nothing to do: the first signal from a user opens the channel to him |
//! | `QBRTCClient.getInstance` | [`CallClient::new`]; there may be several |
//! | `QBRTCConfig.setAnswerTimeInterval` | [`CallConfig::answer_interval`] |
//! | `QBRTCConfig.setDialingTimeInterval` | [`CallConfig::dialing_interval`] |
//! | `QBRTCConfig.setDisconnectTime` | [`CallConfig::disconnect_time`] |
//! | `QBRTCConfig.setDebugEnabled` | a subscriber of the `tracing` crate, at the level `debug` |
//!
//! ```
//! # visavis_stage::play(async |stage| {
//! # let account = stage.account("alice");
//! use std::time::Duration;
//! use visavis::{CallClient, CallConfig, CallError, CallType, ChatClient, UserId};
//!
//! let client = CallClient::new(CallConfig {
//!     answer_interval: Duration::from_secs(45),
//!     dialing_interval: Duration::from_secs(5),
//!     disconnect_time: Duration::from_secs(30),
//!     ..CallConfig::default()
//! })?;
//!
//! // Without signaling no call can be made; there it fails in silence.
//! let early = client.create_session(&[UserId(102)], CallType::Video);
//! assert!(matches!(early, Err(CallError::NotAttached)));
//!
//! let chat = ChatClient::connect(account).await?;
//! client.attach(chat)?;
//! # client.start_processing()?;
//! # client.create_session(&[UserId(102)], CallType::Video)?;
//! # Ok(()) });
//! ```
//!
//! # Manage calls
//!
//! | There | Here |
//! |---|---|
//! | `addSessionCallbacksListener`, `removeSessionCallbacksListener` | [`CallClient::subscribe`]; drop the [`Subscription`] to stop |
//! | `QBRTCClientSessionCallbacks`, `QBRTCSessionEventsCallback`, `QBRTCClientSessionCallbacksImpl` | one `match` on [`CallEvent`] |
//! | `prepareToProcessCalls()` | [`CallClient::start_processing`] |
//!
//! ```
//! # visavis_stage::play(async |stage| {
//! # let client = stage.client("alice").await?;
//! # let bob = stage.client("bob").await?;
//! # let ringing = bob.create_session(&[visavis_stage::ALICE], visavis::CallType::Audio)?;
//! use visavis::{CallEvent, UserInfo};
//!
//! let mut events = client.subscribe();
//! client.start_processing()?;
//! # ringing.start(UserInfo::new())?;
//! while let Some(event) = events.recv().await {
//!     match event {
//!         CallEvent::NewSession { session } => session.reject(UserInfo::new())?,
//!         CallEvent::Accepted { user, .. } => println!("{user} accepted"),
//!         CallEvent::Rejected { user, .. } => println!("{user} rejected"),
//!         CallEvent::HungUp { user, .. } => println!("{user} left"),
//!         CallEvent::NotAnswered { user, .. } => println!("{user} did not answer"),
//!         CallEvent::NoActions { .. } => println!("a call was missed"),
//!         CallEvent::StartClose { .. } => println!("the call is going to close"),
//!         CallEvent::Closed { .. } => break,
//!         _ => {}
//!     }
//! }
//! # Ok(()) });
//! ```
//!
//! # Local and remote views
//!
//! | There | Here |
//! |---|---|
//! | `QBRTCSurfaceView` | [`VideoView`] on a [`Surface`](crate::media::view::Surface), a window's or a part of a [`Screen`](crate::media::view::Screen) in memory |
//! | `EglBase`, `getEglContext()`, `getEglBaseContext()` | [`RenderContext`], [`CallClient::render_context`] |
//! | `init(context, null)`, `release()` | [`VideoView::init`], [`VideoView::release`] |
//! | `surfaceCreated`, `surfaceDestroyed` | [`VideoView::surface_appeared`], [`VideoView::surface_gone`] |
//! | `setMirror` | [`VideoView::set_mirror`] |
//! | `setScalingType(SCALE_ASPECT_FIT, SCALE_ASPECT_FILL, SCALE_ASPECT_BALANCED)` | [`VideoView::set_scaling`] with [`Scaling::Fit`], [`Scaling::Fill`], [`Scaling::Balanced`] |
//! | `requestLayout()` | [`VideoView::request_layout`] |
//!
//! A view is initialized when its surface appears; to do it by hand is possible while it is
//! not. Views may overlap.
//!
//! ```
//! # visavis_stage::play(async |stage| {
//! # let client = stage.client("alice").await?;
//! use visavis::media::view::{Rect, Screen, Size};
//! use visavis::{Scaling, VideoView, ViewError};
//!
//! let screen = Screen::new(Size::new(640, 360));
//! let remote_view = VideoView::new(client.render_context());
//! remote_view.surface_appeared(screen.pane(Rect::whole(Size::new(640, 360))));
//!
//! let local_view = VideoView::new(client.render_context());
//! local_view.init(client.render_context())?;
//! local_view.surface_appeared(screen.pane(Rect::new(500, 260, 120, 80)));
//! local_view.set_mirror(true);
//! local_view.set_scaling(Scaling::Fill);
//! local_view.request_layout();
//!
//! // It has to be released before it is initialized again.
//! let again = local_view.init(client.render_context());
//! assert_eq!(again, Err(ViewError::AlreadyInitialized));
//! local_view.release();
//! local_view.init(client.render_context())?;
//! # Ok(()) });
//! ```
//!
//! # Initiate a call
//!
//! | There | Here |
//! |---|---|
//! | `createNewSessionWithOpponents(opponents, conferenceType)` | [`CallClient::create_session`] |
//! | `QBRTCSession` | [`CallSession`]: [`id`](CallSession::id), [`initiator`](CallSession::initiator), [`opponents`](CallSession::opponents), [`call_type`](CallSession::call_type), [`user_info`](CallSession::user_info), [`state`](CallSession::state) |
//! | `QB_CONFERENCE_TYPE_VIDEO`, `QB_CONFERENCE_TYPE_AUDIO` | [`CallType::Video`], [`CallType::Audio`] |
//! | `startCall(userInfo)` | [`CallSession::start`] with a [`UserInfo`] |
//! | up to four users | [`CallConfig::max_opponents`], 3 unless it is raised; beyond it [`CallError::TooManyOpponents`] |
//!
//! ```
//! # visavis_stage::play(async |stage| {
//! # let client = stage.client("alice").await?;
//! # let bob = stage.client("bob").await?;
//! # let mut events = bob.subscribe();
//! use visavis::{CallType, UserId, UserInfo};
//!
//! let opponents = [UserId(102), UserId(103)];
//! let session = client.create_session(&opponents, CallType::Video)?;
//! session.start(UserInfo::from_entries([("key", "value")])?)?;
//! # let incoming = visavis_stage::incoming(&mut events).await?;
//! # assert_eq!(incoming.user_info().get("key"), Some("value"));
//! # assert_eq!((incoming.initiator(), incoming.opponents().len()), (UserId(101), 2));
//! # Ok(()) });
//! ```
//!
//! # Accept a call
//!
//! | There | Here |
//! |---|---|
//! | `onReceiveNewSession(session)` | [`CallEvent::NewSession`] |
//! | `acceptCall(userInfo)` | [`CallSession::accept`] |
//! | `onCallAcceptByUser(session, userId, userInfo)` | [`CallEvent::Accepted`], at the caller |
//!
//! ```
//! # visavis_stage::play(async |stage| {
//! # let (alice, bob) = (stage.client("alice").await?, stage.client("bob").await?);
//! # let (mut events, mut callers) = (bob.subscribe(), alice.subscribe());
//! # let call = alice.create_session(&[visavis_stage::BOB], visavis::CallType::Video)?;
//! # call.start(UserInfo::new())?;
//! use visavis::{CallEvent, UserInfo};
//!
//! while let Some(event) = events.recv().await {
//!     match event {
//!         CallEvent::NewSession { session } => {
//!             session.accept(UserInfo::from_entries([("key", "value")])?)?;
//!         }
//!         CallEvent::Connected { user, .. } => {
//!             println!("{user} is connected");
//!             break;
//!         }
//!         _ => {}
//!     }
//! }
//! # let told = |event: &CallEvent| matches!(event, CallEvent::Accepted { .. });
//! # let accepted = visavis_stage::until(&mut callers, told).await?;
//! # assert_eq!(accepted.user_info().unwrap().get("key"), Some("value"));
//! # Ok(()) });
//! ```
//!
//! # Reject a call
//!
//! | There | Here |
//! |---|---|
//! | `rejectCall(userInfo)` | [`CallSession::reject`] |
//! | `onCallRejectByUser(session, userId, userInfo)` | [`CallEvent::Rejected`], at the caller |
//!
//! ```
//! # visavis_stage::play(async |stage| {
//! # let (alice, bob) = (stage.client("alice").await?, stage.client("bob").await?);
//! # let (mut events, mut callers) = (bob.subscribe(), alice.subscribe());
//! # let call = alice.create_session(&[visavis_stage::BOB], visavis::CallType::Video)?;
//! # call.start(UserInfo::new())?;
//! use visavis::{CallEvent, UserInfo};
//!
//! if let Some(CallEvent::NewSession { session }) = events.recv().await {
//!     session.reject(UserInfo::from_entries([("reason", "in a meeting")])?)?;
//! }
//! # let told = |event: &CallEvent| matches!(event, CallEvent::Rejected { .. });
//! # let rejected = visavis_stage::until(&mut callers, told).await?;
//! # assert_eq!(rejected.user_info().unwrap().get("reason"), Some("in a meeting"));
//! # Ok(()) });
//! ```
//!
//! # Ignore a call
//!
//! | There | Here |
//! |---|---|
//! | `onUserNotAnswer(session, userId)` | [`CallEvent::NotAnswered`], at the caller, after [`CallConfig::answer_interval`] |
//! | `onUserNoActions(session, userId)` | [`CallEvent::NoActions`], at the callee |
//! | further calls while in a call | [`CallEvent::NewSession`] for each, at most [`CallConfig::incoming_limit`] at once; or [`CallEvent::Busy`] and a rejection, with [`CallConfig::auto_reject`] |
//!
//! ```
//! # visavis_stage::play(async |stage| {
//! # let client = stage.client("alice").await?;
//! # let bob = stage.client("bob").await?;
//! # let mut events = client.subscribe();
//! use visavis::{CallEvent, CallType, UserId, UserInfo};
//!
//! let session = client.create_session(&[UserId(102)], CallType::Audio)?;
//! session.start(UserInfo::new())?;
//! while let Some(event) = events.recv().await {
//!     match event {
//!         CallEvent::Ringing { user, .. } => println!("it rings at {user}'s"),
//!         CallEvent::NotAnswered { user, .. } => {
//!             println!("{user} did not answer");
//!             break;
//!         }
//!         _ => {}
//!     }
//! }
//! # Ok(()) });
//! ```
//!
//! # Render a video stream to a view
//!
//! | There | Here |
//! |---|---|
//! | `QBRTCClientVideoTracksCallbacks`, `addVideoTrackCallbacksListener`, `removeVideoTrackCallbacksListener` | [`CallSession::subscribe`] |
//! | `onLocalVideoTrackReceive(session, videoTrack)` | [`CallEvent::LocalVideoTrack`], [`CallSession::local_video_track`] |
//! | `onRemoteVideoTrackReceive(session, videoTrack, userId)` | [`CallEvent::RemoteVideoTrack`] |
//! | `QBRTCVideoTrack` | [`VideoTrack`] |
//! | `addRenderer(view)`, `removeRenderer(renderer)` | [`VideoTrack::add_renderer`], [`VideoTrack::remove_renderer`] |
//! | `getRenderer()` | [`VideoTrack::renderers`]; a track may have several |
//! | `cleanUp()` | [`VideoTrack::clean_up`] |
//!
//! ```
//! # visavis_stage::play(async |stage| {
//! # let (alice, bob) = (stage.client("alice").await?, stage.client("bob").await?);
//! # let (mut callees, mut events) = (bob.subscribe(), alice.subscribe());
//! # let call = alice.create_session(&[visavis_stage::BOB], visavis::CallType::Video)?;
//! # call.start(visavis::UserInfo::new())?;
//! # visavis_stage::incoming(&mut callees).await?.accept(visavis::UserInfo::new())?;
//! # let client = alice;
//! use visavis::media::view::{Rect, Screen, Size};
//! use visavis::{CallEvent, Scaling, VideoTrack, VideoView};
//!
//! fn fill(view: &VideoView, track: &VideoTrack) {
//!     track.clean_up();
//!     track.add_renderer(view.clone());
//!     view.set_scaling(Scaling::Fill);
//!     view.set_mirror(false);
//!     view.request_layout();
//! }
//!
//! let screen = Screen::new(Size::new(320, 180));
//! let view = VideoView::new(client.render_context());
//! view.surface_appeared(screen.pane(Rect::whole(Size::new(320, 180))));
//! while let Some(event) = events.recv().await {
//!     match event {
//!         CallEvent::RemoteVideoTrack { track, .. } => fill(&view, &track),
//!         CallEvent::ConnectionClosed { .. } => view.release(),
//!         CallEvent::Closed { .. } => break,
//!         _ => {}
//!     }
//! #   if screen.pixels().data().iter().any(|&pixel| pixel != 0) {
//! #       call.hang_up(visavis::UserInfo::new()).ok();
//! #   }
//! }
//! # assert!(!view.is_initialized());
//! # Ok(()) });
//! ```
//!
//! # Obtain audio tracks
//!
//! | There | Here |
//! |---|---|
//! | `QBRTCClientAudioTracksCallback`, `addAudioTrackCallbacksListener`, `removeAudioTrackCallbacksListener` | [`CallSession::subscribe`] |
//! | `onLocalAudioTrackReceive(session, audioTrack)` | [`CallEvent::LocalAudioTrack`], [`CallSession::local_audio_track`] |
//! | `onRemoteAudioTrackReceive(session, audioTrack, userId)` | [`CallEvent::RemoteAudioTrack`] |
//! | `QBRTCAudioTrack`, mute and unmute | [`AudioTrack::set_enabled`] |
//!
//! ```
//! # visavis_stage::play(async |stage| {
//! # let (session, _events, mut called) = stage.call().await?;
//! if let Some(own_sound) = session.local_audio_track() {
//!     own_sound.set_enabled(false);
//! }
//! # let muted = |event: &visavis::CallEvent| {
//! #     matches!(event, visavis::CallEvent::MediaChanged { media, .. } if !media.audio)
//! # };
//! # visavis_stage::until(&mut called.events, muted).await?;
//! # Ok(()) });
//! ```
//!
//! # End a call
//!
//! | There | Here |
//! |---|---|
//! | `hangUp(userInfo)` | [`CallSession::hang_up`] |
//! | `onReceiveHangUpFromUser(session, userId, userInfo)` | [`CallEvent::HungUp`], at the other side |
//!
//! ```
//! # visavis_stage::play(async |stage| {
//! # let (session, _events, mut called) = stage.call().await?;
//! use visavis::UserInfo;
//!
//! session.hang_up(UserInfo::from_entries([("key", "value")])?)?;
//! # let left = |event: &visavis::CallEvent| matches!(event, visavis::CallEvent::HungUp { .. });
//! # let event = visavis_stage::until(&mut called.events, left).await?;
//! # assert_eq!(event.user_info().unwrap().get("key"), Some("value"));
//! # Ok(()) });
//! ```
//!
//! # Release resources
//!
//! | There | Here |
//! |---|---|
//! | `QBRTCClient.destroy()` | [`CallClient::destroy`]: calls are hung up and reach `Closed`, chat stays connected |
//!
//! ```
//! # visavis_stage::play(async |stage| {
//! # let client = stage.client("alice").await?;
//! # let call = client.create_session(&[visavis_stage::BOB], visavis::CallType::Video)?;
//! # call.start(visavis::UserInfo::new())?;
//! client.destroy().await;
//! # assert_eq!(call.state(), visavis::SessionState::Closed);
//! client.destroy().await; // harmless
//! # Ok(()) });
//! ```
//!
//! # Listen to events
//!
//! | There | Here |
//! |---|---|
//! | **`QBRTCClientSessionCallbacks`** | |
//! | `onReceiveNewSession` | [`CallEvent::NewSession`] |
//! | `onCallAcceptByUser` | [`CallEvent::Accepted`] |
//! | `onCallRejectByUser` | [`CallEvent::Rejected`] |
//! | `onReceiveHangUpFromUser` | [`CallEvent::HungUp`] |
//! | `onUserNotAnswer` | [`CallEvent::NotAnswered`] |
//! | `onUserNoActions` | [`CallEvent::NoActions`] |
//! | `onSessionStartClose` | [`CallEvent::StartClose`] |
//! | `onSessionClosed` | [`CallEvent::Closed`] |
//! | **`QBRTCSessionConnectionCallbacks`** | |
//! | `onStateChanged` | [`CallEvent::StateChanged`] |
//! | `onStartConnectToUser` | [`CallEvent::StartConnect`] |
//! | `onConnectedToUser` | [`CallEvent::Connected`] |
//! | `onConnectionFailedWithUser` | [`CallEvent::ConnectionFailed`] |
//! | `onDisconnectedFromUser` | [`CallEvent::Disconnected`] |
//! | `onDisconnectedTimeoutFromUser` | [`CallEvent::DisconnectTimeout`] |
//! | `onConnectionClosedForUser` | [`CallEvent::ConnectionClosed`] |
//!
//! What has no counterpart there: [`CallEvent::Ringing`], [`CallEvent::Reconnecting`],
//! [`CallEvent::Reconnected`], [`CallEvent::Updated`], [`CallEvent::AcceptedElsewhere`],
//! [`CallEvent::RejectedElsewhere`], [`CallEvent::Busy`], [`CallEvent::Held`],
//! [`CallEvent::Resumed`], [`CallEvent::MediaChanged`], [`CallEvent::UpgradeRequested`],
//! [`CallEvent::ParticipantAdded`], [`CallEvent::ParticipantUnreachable`],
//! [`CallEvent::SignalFailed`], [`CallEvent::Stats`], [`CallEvent::QualityChanged`].
//!
//! ```
//! # visavis_stage::play(async |stage| {
//! # let (alice, bob) = (stage.client("alice").await?, stage.client("bob").await?);
//! # let mut his = bob.subscribe();
//! # let session = alice.create_session(&[visavis_stage::BOB], visavis::CallType::Video)?;
//! use visavis::{CallEvent, UserInfo};
//!
//! // The events of this call alone.
//! let mut events = session.subscribe().ok_or("the client is gone")?;
//! session.start(UserInfo::new())?;
//! # visavis_stage::incoming(&mut his).await?.accept(UserInfo::new())?;
//! while let Some(event) = events.recv().await {
//!     match event {
//!         CallEvent::StateChanged { state, .. } => println!("the call is {state:?}"),
//!         CallEvent::StartConnect { user, .. } => println!("connecting to {user}"),
//!         CallEvent::Connected { session, .. } => session.hang_up(UserInfo::new())?,
//!         CallEvent::ConnectionFailed { user, .. } => println!("no way to {user}"),
//!         CallEvent::Disconnected { user, .. } => println!("{user} is lost"),
//!         CallEvent::DisconnectTimeout { user, .. } => println!("{user} stays lost"),
//!         CallEvent::ConnectionClosed { user, .. } => println!("done with {user}"),
//!         CallEvent::Closed { .. } => break,
//!         _ => {}
//!     }
//! }
//! # Ok(()) });
//! ```
//!
//! # States
//!
//! | There | Here |
//! |---|---|
//! | `QB_RTC_SESSION_NEW` | [`SessionState::New`] |
//! | `QB_RTC_SESSION_PENDING` | [`SessionState::Pending`] |
//! | `QB_RTC_SESSION_CONNECTING` | [`SessionState::Connecting`], and [`SessionState::Connected`] from the first connected peer on |
//! | `QB_RTC_SESSION_GOING_TO_CLOSE` | [`SessionState::GoingToClose`] |
//! | `QB_RTC_SESSION_CLOSED` | [`SessionState::Closed`] |
//! | `session.getPeerConnection(userId).getState()` | [`CallSession::peer_state`] |
//! | `QB_RTC_CONNECTION_UNKNOWN` | [`PeerState::Unknown`] |
//! | `QB_RTC_CONNECTION_NEW` | [`PeerState::New`] |
//! | `QB_RTC_CONNECTION_WAIT` | [`PeerState::Wait`] |
//! | `QB_RTC_CONNECTION_PENDING` | [`PeerState::Pending`] |
//! | `QB_RTC_CONNECTION_CONNECTING` | [`PeerState::Connecting`] |
//! | `QB_RTC_CONNECTION_CHECKING` | [`PeerState::Checking`] |
//! | `QB_RTC_CONNECTION_CONNECTED` | [`PeerState::Connected`] |
//! | `QB_RTC_CONNECTION_DISCONNECTED` | [`PeerState::Disconnected`] |
//! | `QB_RTC_CONNECTION_DISCONNECT_TIMEOUT` | [`PeerState::DisconnectTimeout`] |
//! | `QB_RTC_CONNECTION_CLOSED` | [`PeerState::Closed`] |
//! | `QB_RTC_CONNECTION_NOT_ANSWER` | [`PeerState::NotAnswered`] |
//! | `QB_RTC_CONNECTION_REJECT` | [`PeerState::Rejected`] |
//! | `QB_RTC_CONNECTION_HANG_UP` | [`PeerState::HungUp`] |
//! | `QB_RTC_CONNECTION_FAILED` | [`PeerState::Failed`] |
//! | `QB_RTC_CONNECTION_ERROR` | [`PeerState::Error`] |
//!
//! ```
//! # visavis_stage::play(async |stage| {
//! # let (session, _events, called) = stage.call().await?;
//! use visavis::{PeerState, SessionState, UserId};
//!
//! assert_eq!(session.state(), SessionState::Connected);
//! assert_eq!(session.peer_state(UserId(102)), PeerState::Connected);
//! assert_eq!(session.peer_state(UserId(999)), PeerState::Unknown);
//! # Ok(()) });
//! ```
#![allow(unused_imports, reason = "the documentation links to them")]

use crate::*;
