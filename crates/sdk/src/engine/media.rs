//! The media of calls: which of our tracks are open, and who gets them.

use visavis_call::{Command, PeerState};
use visavis_signal::{CallType, SessionId};

use super::quality::{Camera, Circumstances, Losses};
use super::{Engine, LocalTracks, PeerKey, State};
use crate::error::CallError;
use crate::event::CallEvent;
use crate::local_media::SourceError;

impl Engine {
    /// Opens the sources and announces the local tracks, unless the session
    /// has them already.
    pub(crate) fn open_local(
        &self,
        session: &SessionId,
        call_type: CallType,
    ) -> Result<(), SourceError> {
        let (media, config) = {
            let state = self.lock();
            if state.local.contains_key(session) {
                return Ok(());
            }
            (state.media.clone(), state.config.clone())
        };
        let tracks = LocalTracks::open(&media, call_type, &config)?;
        tracks.follow(&self.me, session);
        let mut state = self.lock();
        let Some(handle) = state.sessions.get(session).cloned() else {
            return Ok(());
        };
        if let Some(track) = tracks.video_track() {
            self.publish(
                &mut state,
                &CallEvent::LocalVideoTrack {
                    session: handle.clone(),
                    track,
                },
            );
        }
        if let Some(track) = tracks.audio_track() {
            self.publish(
                &mut state,
                &CallEvent::LocalAudioTrack {
                    session: handle,
                    track,
                },
            );
        }
        // A call that comes in accepted may be connected by now.
        for (_, link) in state.links.iter().filter(|((of, _), _)| of == session) {
            link.feed_if_connected(&tracks);
        }
        state.local.insert(session.clone(), tracks);
        self.unlock(state);
        Ok(())
    }

    /// Lets go of the sources of a session that did not start after all.
    pub(crate) fn close_local(&self, session: &SessionId) {
        let mut state = self.lock();
        if let Some(tracks) = state.local.remove(session) {
            state.discarded.push(Box::new(tracks));
        }
        self.unlock(state);
    }

    /// Opens the sources of a call that comes in accepted, which takes time.
    pub(super) fn open_soon(&self, session: SessionId, call_type: CallType) {
        let engine = self.me.clone();
        self.runtime.spawn_blocking(move || {
            if let Some(engine) = engine.upgrade()
                && let Err(error) = engine.open_local(&session, call_type)
            {
                tracing::warn!(error, "a source cannot be opened");
            }
        });
    }

    /// The call is one with video from now on, or without: whoever may send
    /// pictures can be seen.
    pub(super) fn follow_call_type(
        &self,
        state: &mut State,
        session: &SessionId,
        call_type: CallType,
    ) {
        if call_type == CallType::Audio {
            return;
        }
        let Some(handle) = state.sessions.get(session).cloned() else {
            return;
        };
        let mut tracks = Vec::new();
        for ((_, user), link) in state.links.iter().filter(|((id, _), _)| id == session) {
            tracks.extend(link.receive_video().map(|track| (*user, track)));
        }
        for (user, track) in tracks {
            let session = handle.clone();
            let event = CallEvent::RemoteVideoTrack {
                session,
                user,
                track,
            };
            self.publish(state, &event);
        }
    }

    /// Makes of a call one with video, or without: our own camera first.
    pub(crate) fn upgrade(&self, id: &SessionId, call_type: CallType) -> Result<(), CallError> {
        let opened = match call_type {
            CallType::Video => self.open_video(id).map_err(CallError::Source)?,
            CallType::Audio => false,
        };
        let session = id.clone();
        if let Err(refused) = self.command(Command::Upgrade { session, call_type }) {
            if opened {
                self.close_video(id);
            }
            return Err(refused.into());
        }
        let mut state = self.lock();
        self.follow_call_type(&mut state, id, call_type);
        self.unlock(state);
        if call_type == CallType::Audio {
            self.close_video(id);
        }
        // A peer who asked first has our type already; what we send is new all the same.
        self.tell_media(id)?;
        Ok(())
    }

    /// Opens the camera during a call; whether it was closed before.
    fn open_video(&self, id: &SessionId) -> Result<bool, SourceError> {
        let (media, config) = {
            let state = self.lock();
            let seen = state.local.get(id).is_some_and(LocalTracks::has_video);
            if seen {
                return Ok(false);
            }
            (state.media.clone(), state.config.clone())
        };
        let Some(video) = LocalTracks::open_video(&media, &config)? else {
            return Ok(false);
        };
        let mut state = self.lock();
        let Some(session) = state.sessions.get(id).cloned() else {
            return Ok(false);
        };
        let Some(tracks) = state.local.get_mut(id) else {
            return Ok(false);
        };
        let track = tracks.add_video(video, &self.me, id);
        let local = &state.local[id];
        for (_, link) in state.links.iter().filter(|((of, _), _)| of == id) {
            link.feed(local);
        }
        self.publish(&mut state, &CallEvent::LocalVideoTrack { session, track });
        self.unlock(state);
        Ok(true)
    }

    fn close_video(&self, id: &SessionId) {
        let mut state = self.lock();
        for (_, link) in state.links.iter().filter(|((of, _), _)| of == id) {
            link.starve_video();
        }
        let closed = state.local.get_mut(id).and_then(LocalTracks::take_video);
        if let Some(video) = closed {
            state.discarded.push(Box::new(video));
        }
        self.unlock(state);
    }

    /// Tells the others what we send, as our tracks are switched.
    pub(crate) fn tell_media(&self, id: &SessionId) -> Result<(), CallError> {
        let sends = self.with_local(id, |tracks| (tracks.audio_is_on(), tracks.video_is_on()));
        let Some((audio, video)) = sends else {
            return Ok(());
        };
        let session = id.clone();
        let told = self.command(Command::SetMedia {
            session,
            audio,
            video,
        });
        told.map_err(CallError::from)
    }

    /// What matters for how good the call with a peer is; nothing while he is not connected.
    pub(super) fn circumstances(&self, key: &PeerKey) -> Option<Circumstances> {
        let (id, user) = key;
        let state = self.lock();
        let session = state.attached.as_ref()?.call.core().session(id)?;
        let peer = session.peer(*user)?;
        if peer.state() != PeerState::Connected {
            return None;
        }
        let with_video = session.call_type() == CallType::Video;
        let camera = |on: bool| match (with_video, on) {
            (false, _) => Camera::Unused,
            (true, true) => Camera::On,
            (true, false) => Camera::Off,
        };
        // Who said nothing sends what the call type suggests.
        let theirs = peer.media();
        let elsewhere = state
            .links
            .iter()
            .filter(|((of, other), _)| of == id && other != user)
            .map(|(_, link)| link.losses())
            .fold(Losses::default(), Losses::least);
        let local = state.local.get(id);
        Some(Circumstances {
            held_here: session.media().held,
            held_there: theirs.is_some_and(|media| media.held),
            camera_here: camera(local.is_some_and(LocalTracks::video_is_on)),
            camera_there: camera(theirs.is_none_or(|media| media.video)),
            max_video_bitrate: state.config.max_video_bitrate,
            elsewhere,
        })
    }

    /// Feeds our media to a peer that just connected and announces his; a peer
    /// that was lost and is back has both already.
    pub(super) fn start_media(&self, state: &mut State, key: &PeerKey) {
        let Some(link) = state.links.get_mut(key) else {
            return;
        };
        let again = link.was_connected();
        if let Some(local) = state.local.get(&key.0) {
            link.feed(local);
        }
        if again {
            return link.refresh();
        }
        let (Some(session), user) = (state.sessions.get(&key.0).cloned(), key.1) else {
            return;
        };
        let (audio, video) = (link.remote_audio_track(), link.remote_video_track());
        if let Some(track) = audio {
            self.publish(
                state,
                &CallEvent::RemoteAudioTrack {
                    session: session.clone(),
                    user,
                    track,
                },
            );
        }
        if let Some(track) = video {
            self.publish(
                state,
                &CallEvent::RemoteVideoTrack {
                    session,
                    user,
                    track,
                },
            );
        }
    }
}
