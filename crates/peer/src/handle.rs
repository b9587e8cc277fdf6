//! The handle of one connection's task.

use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::candidate::IceCandidate;
use crate::config::{IceServer, PeerConfig};
use crate::driver::{Command, drive};
use crate::event::PeerEvent;
use crate::media::{OutgoingAudio, OutgoingVideo};

/// A connection that runs by itself. Nothing here blocks; what happens comes
/// out as [`PeerEvent`]s. Dropping it closes the connection and releases its
/// sockets.
#[derive(Debug)]
pub struct PeerConnection {
    commands: UnboundedSender<Command>,
}

impl PeerConnection {
    /// Binds the sockets and begins to gather candidates.
    pub fn open(config: PeerConfig, runtime: &Handle) -> (Self, UnboundedReceiver<PeerEvent>) {
        let (commands, receiver) = unbounded_channel();
        let (sender, events) = unbounded_channel();
        runtime.spawn(drive(config, receiver, sender));
        (Self { commands }, events)
    }

    /// Makes our offer: [`PeerEvent::LocalOffer`].
    pub fn create_offer(&self) {
        self.command(Command::CreateOffer);
    }

    /// Takes the other side's offer: [`PeerEvent::DescriptionRejected`] if it
    /// cannot be used.
    pub fn apply_offer(&self, sdp: String) {
        self.command(Command::ApplyOffer(sdp));
    }

    /// Answers the offer: [`PeerEvent::LocalAnswer`].
    pub fn create_answer(&self) {
        self.command(Command::CreateAnswer);
    }

    /// Takes the answer to our offer: [`PeerEvent::DescriptionRejected`] if it
    /// cannot be used.
    pub fn apply_answer(&self, sdp: String) {
        self.command(Command::ApplyAnswer(sdp));
    }

    /// Makes an offer that changes the connection: [`PeerEvent::LocalOffer`],
    /// once. With `restart_ice` addresses that this machine got meanwhile are
    /// offered, too.
    pub fn renegotiate(&self, video: bool, restart_ice: bool) {
        self.command(Command::Renegotiate { video, restart_ice });
    }

    /// Newer credentials for relays that are used already, known by their addresses.
    pub fn set_ice_servers(&self, servers: Vec<IceServer>) {
        self.command(Command::SetIceServers(servers));
    }

    /// Tries candidates of the other side.
    pub fn add_candidates(&self, candidates: Vec<IceCandidate>) {
        self.command(Command::AddCandidates(candidates));
    }

    /// Sends an encoded picture.
    pub fn send_video(&self, frame: OutgoingVideo) {
        self.command(Command::SendVideo(frame));
    }

    /// Sends an encoded packet of sound.
    pub fn send_audio(&self, packet: OutgoingAudio) {
        self.command(Command::SendAudio(packet));
    }

    /// Asks the other side for a key frame.
    pub fn request_key_frame(&self) {
        self.command(Command::RequestKeyFrame);
    }

    /// Closes the connection: [`PeerEvent::Closed`] is the last event.
    pub fn close(&self) {
        self.command(Command::Close);
    }

    /// A task that has ended has said why.
    fn command(&self, command: Command) {
        let _ = self.commands.send(command);
    }
}
