//! What everybody sends: muted, without camera, on hold, with or without video.

use alloc::vec::Vec;
use core::time::Duration;

use visavis_signal::{Body, CallType, MediaState, Update, UserId, UserInfo, capability};

use crate::negotiation::Change;
use crate::peer::Peer;
use crate::session::Session;
use crate::step::Step;
use crate::{CommandError, Event, Time, TransportCommand};

/// How many changes that others want are passed on
const PASSED_ON_AT_MOST: u8 = 8;
/// in this time.
const PASSED_ON_WITHIN: Duration = Duration::from_secs(10);

impl Session {
    /// The user mutes or unmutes himself, or turns the camera off or on.
    pub(crate) fn set_media(
        &mut self,
        step: &mut Step<'_>,
        audio: bool,
        video: bool,
    ) -> Result<(), CommandError> {
        self.ensure_open()?;
        let media = MediaState {
            audio,
            video,
            ..self.media
        };
        self.change_media(step, media);
        Ok(())
    }

    /// The user puts the call on hold, or comes back to it.
    pub(crate) fn hold(&mut self, step: &mut Step<'_>, held: bool) -> Result<(), CommandError> {
        self.ensure_taken()?;
        let media = MediaState { held, ..self.media };
        if media != self.media {
            for peer in self.peers().filter(|peer| peer.state().is_negotiated()) {
                peer.command(&self.call, step, TransportCommand::SetHeld(held));
            }
        }
        self.change_media(step, media);
        Ok(())
    }

    fn change_media(&mut self, step: &mut Step<'_>, media: MediaState) {
        if media == self.media {
            return;
        }
        self.media = media;
        for user in self.live_users() {
            self.tell_media(step, user);
        }
    }

    /// Tells a peer what we send.
    pub(crate) fn tell_media(&self, step: &mut Step<'_>, user: UserId) {
        if let Some(peer) = self.peer(user)
            && peer.was_connected()
            && peer.state().is_negotiated()
            && peer.can(capability::MEDIA_STATE)
        {
            let media = Body::Update(Update::Media(self.media));
            peer.say(&self.call, step, media, UserInfo::new());
        }
    }

    /// A peer is connected for the first time: he learns what he could not assume.
    pub(crate) fn introduce_media(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        let call_type = peer.began_as.unwrap_or(self.call.call_type);
        if call_type != self.call.call_type {
            peer.media.get_or_insert(assumed(call_type));
        }
        if self.media != assumed(call_type) {
            self.tell_media(step, user);
        }
        if let Some(peer) = self.peer(user).filter(|_| self.media.held) {
            peer.command(&self.call, step, TransportCommand::SetHeld(true));
        }
    }

    /// A peer says what he sends.
    pub(crate) fn media_of(&mut self, step: &mut Step<'_>, user: UserId, media: MediaState) {
        let assumed = assumed(self.call.call_type);
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        let before = peer.media.replace(media).unwrap_or(assumed);
        let session = self.call.session.clone();
        if before.held != media.held {
            let session = session.clone();
            step.event(if media.held {
                Event::Held { session, user }
            } else {
                Event::Resumed { session, user }
            });
        }
        if (before.audio, before.video) != (media.audio, media.video) {
            step.event(Event::MediaChanged {
                session,
                user,
                media,
            });
        }
    }

    /// The user wants video in an audio call, or none in a video call.
    pub(crate) fn upgrade(
        &mut self,
        step: &mut Step<'_>,
        call_type: CallType,
    ) -> Result<(), CommandError> {
        self.ensure_taken()?;
        if call_type == self.call.call_type {
            return Ok(());
        }
        if self.changeable().is_empty() {
            return Err(CommandError::NobodyUpgrades);
        }
        self.change_call_type(call_type);
        self.pass_on_call_type(step);
        let media = MediaState {
            video: call_type == CallType::Video,
            ..self.media
        };
        self.change_media(step, media);
        Ok(())
    }

    /// Those whose connection can be changed while it lasts.
    fn changeable(&self) -> Vec<UserId> {
        self.users(|peer| peer.state().is_negotiated() && peer.renegotiates())
    }

    /// Makes the call one of another type.
    fn change_call_type(&mut self, call_type: CallType) {
        // Whoever said nothing sends what the call was until now, or was when he came.
        let before = self.call.call_type;
        let described = |peer: &&mut Peer| peer.state().is_negotiated();
        for peer in self.peers.values_mut().filter(described) {
            let sent = assumed(peer.began_as.unwrap_or(before));
            peer.media.get_or_insert(sent);
        }
        self.call.call_type = call_type;
    }

    /// Changes every connection that can be changed and is not yet what the call is.
    fn pass_on_call_type(&mut self, step: &mut Step<'_>) {
        for user in self.changeable() {
            self.follow_call_type(step, user);
        }
    }

    /// Whether a change that another one wants is passed on. Of contrary changes that cross in a
    /// circle of three each may chase the other without end.
    fn may_pass_on(&mut self, now: Time) -> bool {
        let (since, count) = self.passed_on;
        let (since, count) = if now - since < PASSED_ON_WITHIN {
            (since, count)
        } else {
            (now, 0)
        };
        self.passed_on = (since, count.saturating_add(1));
        count < PASSED_ON_AT_MOST
    }

    /// Changes the connection with a peer, if it is not yet what the call is.
    pub(crate) fn follow_call_type(&mut self, step: &mut Step<'_>, user: UserId) {
        let call_type = self.call.call_type;
        let behind = |peer: &Peer| peer.renegotiates() && peer.carries != Some(call_type);
        if self.peer(user).is_some_and(behind) {
            self.negotiate(step, user, Change::Media);
        }
    }

    /// A peer changes the call to one with video, or without. What we send is for our own user
    /// to say: a camera never comes on by itself.
    pub(crate) fn call_type_wanted_by(
        &mut self,
        step: &mut Step<'_>,
        user: UserId,
        call_type: CallType,
    ) {
        step.event(Event::UpgradeRequested {
            session: self.call.session.clone(),
            user,
            call_type,
        });
        self.change_call_type(call_type);
        if self.may_pass_on(step.now) {
            self.pass_on_call_type(step);
        }
        let media = MediaState {
            video: false,
            ..self.media
        };
        self.change_media(step, media);
    }
}

/// What a peer sends who has not said otherwise.
const fn assumed(call_type: CallType) -> MediaState {
    MediaState {
        audio: true,
        video: matches!(call_type, CallType::Video),
        held: false,
    }
}
