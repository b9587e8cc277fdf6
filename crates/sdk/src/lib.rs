//! Peer-to-peer audio and video calls.
//!
//! A call lives in five steps: an **account** (login and token), **chat** (the
//! XMPP connection that carries the signals), **signaling** (`call`, `accept`,
//! `reject`, `hangUp`, candidates), **discovery** (host and server-reflexive
//! candidates) and the **connection** (ICE, DTLS, SRTP straight between the
//! peers).
//!
//! ```no_run
//! # use visavis::*;
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let chat = ChatClient::connect(ChatConfig {
//!     server: "http://127.0.0.1:8080".into(),
//!     app: "1:key:secret".parse()?,
//!     login: "alice".into(),
//!     password: std::env::var("PASSWORD")?,
//!     extra_roots_pem: Vec::new(),
//! })
//! .await?;
//! let client = CallClient::new(CallConfig::default())?;
//! client.attach(chat)?;
//! client.start_processing()?;
//! let mut events = client.subscribe();
//!
//! let call = client.create_session(&[UserId(102)], CallType::Video)?;
//! call.start(UserInfo::new())?;
//! while let Some(event) = events.recv().await {
//!     match event {
//!         CallEvent::RemoteVideoTrack { track, .. } => {
//!             track.add_renderer(|frame: &media::VideoFrame| println!("{}x{}", frame.width(), frame.height()));
//!         }
//!         CallEvent::Closed { .. } => break,
//!         _ => {}
//!     }
//! }
//! # Ok(()) }
//! ```
#![forbid(unsafe_code)]

mod accounts;
mod app;
mod chat;
mod client;
mod config;
pub mod doctor;
mod engine;
mod error;
mod event;
mod http;
mod ice;
mod local_media;
pub mod migration;
mod session;
mod signaling;
mod stats;
mod stream;
mod subscription;
mod tls;

pub use accounts::LoginError;
pub use app::{App, ParseAppError};
pub use chat::{ChatClient, ChatConfig, ConnectError, WebSocketError};
pub use client::CallClient;
pub use config::CallConfig;
pub use error::{CallError, SettingsError};
pub use event::CallEvent;
pub use http::HttpError;
pub use ice::{IcePolicy, IceServer};
pub use local_media::{LocalMedia, SourceError};
pub use session::CallSession;
pub use signaling::{NotConnected, Signaling, SignalingEvent};
pub use stats::CallStats;
pub use subscription::Subscription;
pub use tls::TlsError;

pub use visavis_call::{
    Address, BusyCause, ConfigError, DescriptionFault, PeerState, SessionState,
};
pub use visavis_media as media;
pub use visavis_media::view::{RenderContext, Scaling, VideoView, ViewError};
pub use visavis_media::{AudioTrack, VideoTrack};
pub use visavis_quality::{CallQuality, Cause, Quality};
pub use visavis_signal::{AddRefusal, MediaState};
pub use visavis_signal::{
    CallType, SessionId, Signal, SignalKind, UserId, UserInfo, UserInfoError,
};
pub use visavis_trace::Recorder;
