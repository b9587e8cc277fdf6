//! `set_enabled(false)`: the other side sees black and hears nothing, until it is on again.

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;
use visavis::media::source::{TestPattern, Tone, VideoFormat};
use visavis::media::{AudioFrame, FrameRate, VideoFrame};
use visavis::{CallEvent, LocalMedia, Subscription};

use crate::people::{connected, two, until};

const PATIENCE: Duration = Duration::from_secs(60);

fn media() -> LocalMedia {
    let format = VideoFormat {
        width: 320,
        height: 240,
        fps: FrameRate::whole(15),
    };
    LocalMedia::none()
        .with_video(move || TestPattern::new(format))
        .with_audio(|| Ok::<_, std::io::Error>(Tone::new(440.0, 0.5)))
}

/// What of the other side is seen and heard from now on.
struct Senses {
    black: UnboundedReceiver<bool>,
    silent: UnboundedReceiver<bool>,
}

impl Senses {
    /// From events that began before the call.
    async fn from(mut events: Subscription<CallEvent>) -> Self {
        let (see, black) = unbounded_channel();
        let (hear, silent) = unbounded_channel();
        let (mut video, mut audio) = (None, None);
        while video.is_none() || audio.is_none() {
            until(&mut events, |event| {
                match event {
                    CallEvent::RemoteVideoTrack { track, .. } => video = Some(track),
                    CallEvent::RemoteAudioTrack { track, .. } => audio = Some(track),
                    _ => return None,
                }
                Some(())
            })
            .await;
        }
        if let (Some(video), Some(audio)) = (video, audio) {
            video.add_renderer(move |frame: &VideoFrame| {
                let _ = see.send(frame.y().iter().all(|luma| *luma < 24));
            });
            audio.add_renderer(move |frame: &AudioFrame| {
                let quiet = |sample: &i16| sample.unsigned_abs() < 64;
                let _ = hear.send(frame.samples().iter().all(quiet));
            });
        }
        Self { black, silent }
    }

    async fn until(&mut self, black: bool, silent: bool) {
        until_so(&mut self.black, black).await;
        until_so(&mut self.silent, silent).await;
    }
}

/// Waits until it is so ten times in a row.
async fn until_so(sense: &mut UnboundedReceiver<bool>, wanted: bool) {
    let settled = async {
        let mut in_a_row = 0;
        while in_a_row < 10 {
            let is_so = sense.recv().await.expect("it goes on") == wanted;
            in_a_row = if is_so { in_a_row + 1 } else { 0 };
        }
    };
    timeout(PATIENCE, settled).await.expect("it becomes so");
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_off_tracks_are_black_and_silent_for_the_other_side() {
    let (mut alice, mut bob) = two();
    alice.client.set_local_media(media());
    bob.client.set_local_media(media());
    let (at_alice, at_bob) = (alice.client.subscribe(), bob.client.subscribe());
    let (ours, _theirs) = connected(&mut alice, &mut bob).await;
    let mut bobs = Senses::from(at_bob).await;
    let mut alices = Senses::from(at_alice).await;
    bobs.until(false, false).await;
    alices.until(false, false).await;

    let (video, audio) = (
        ours.local_video_track().unwrap(),
        ours.local_audio_track().unwrap(),
    );
    for (picture, sound) in [(false, true), (false, false), (true, false), (true, true)] {
        video.set_enabled(picture);
        audio.set_enabled(sound);
        bobs.until(!picture, !sound).await;
        let told = |event: CallEvent| match event {
            CallEvent::MediaChanged { media, .. } => {
                (media.video == picture && media.audio == sound).then_some(())
            }
            _ => None,
        };
        bob.until(told).await;
    }
    // What Bob sends goes on all the while.
    alices.until(false, false).await;
}
