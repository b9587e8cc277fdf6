//! Source, encoder, jitter buffer and file, with their real threads.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Instant;

use visavis_media::measure::SweepReading;
use visavis_media::source::Sweep;
use visavis_media::{
    AudioEncoding, AudioFrame, AudioPacket, EncodedAudio, LocalAudio, RemoteAudio,
};

#[test]
fn nothing_is_missing_over_a_wire() {
    const SECONDS: usize = 3;
    let local = LocalAudio::start(Box::new(Sweep::new()), AudioEncoding::default()).unwrap();
    let remote = Arc::new(RemoteAudio::start().unwrap());
    let (send, frames) = mpsc::channel();
    remote.track().add_renderer(move |frame: &AudioFrame| {
        let _ = send.send(frame.clone());
    });
    let playing = Arc::clone(&remote);
    let _feed = local.attach(move |packet: Arc<EncodedAudio>| {
        let timestamp = packet.timestamp.as_millis() as u64 * 48;
        playing.push(AudioPacket {
            sequence: timestamp / 960,
            timestamp,
            data: Arc::clone(&packet.data),
            received: Instant::now(),
        });
    });
    let frames: Vec<_> = frames.iter().take(SECONDS * 50).collect();
    let sound: Vec<i16> = frames
        .iter()
        .flat_map(|frame| frame.samples().to_vec())
        .collect();
    let reading = SweepReading::analyse(&sound);
    // A machine that stands still makes the sound late; what was made up meanwhile
    // bounds what may be mistaken for missing or repeated. Usually it is nothing.
    let stats = remote.stats();
    let made_up = stats.concealed.as_millis() as u64;
    assert!(
        reading.missing_ms + reading.repeated_ms <= made_up,
        "{reading:?} {stats:?}"
    );
    assert_eq!(stats.late + stats.discarded, 0, "{stats:?}");
    assert!(
        reading.heard_ms + 2 * made_up + 100 >= SECONDS as u64 * 1000,
        "{reading:?} {stats:?}"
    );
}
