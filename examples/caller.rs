//! Calls somebody, sends a test pattern and a tone, and counts what comes back.
//!
//! `SERVER=http://127.0.0.1:8080 APP=ID:KEY:SECRET LOGIN=alice PASSWORD=… cargo run --example caller -- 102`

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use visavis::media::source::{TestPattern, Tone};
use visavis::media::{FrameRate, VideoFormat, VideoFrame};
use visavis::{
    CallClient, CallConfig, CallEvent, CallType, ChatClient, ChatConfig, LocalMedia, SourceError,
    UserId, UserInfo,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let callee = UserId(std::env::args().nth(1).ok_or("whom to call?")?.parse()?);
    let chat = ChatClient::connect(ChatConfig {
        server: std::env::var("SERVER")?,
        app: std::env::var("APP")?.parse()?,
        login: std::env::var("LOGIN")?,
        password: std::env::var("PASSWORD")?,
        extra_roots_pem: Vec::new(),
    })
    .await?;

    let client = CallClient::new(CallConfig::default())?;
    let format = VideoFormat {
        width: 640,
        height: 360,
        fps: FrameRate::whole(30),
    };
    client.set_local_media(
        LocalMedia::none()
            .with_video(move || TestPattern::new(format))
            .with_audio(|| Ok::<_, SourceError>(Tone::new(440.0, 0.5))),
    );
    client.attach(chat)?;
    client.start_processing()?;
    let mut events = client.subscribe();

    let call = client.create_session(&[callee], CallType::Video)?;
    call.start(UserInfo::new())?;
    let frames = Arc::new(AtomicU64::new(0));
    while let Some(event) = events.recv().await {
        match event {
            CallEvent::RemoteVideoTrack { track, .. } => {
                let frames = Arc::clone(&frames);
                track
                    .add_renderer(move |_: &VideoFrame| _ = frames.fetch_add(1, Ordering::Relaxed));
            }
            CallEvent::Connected { session, .. } => {
                tokio::time::sleep(Duration::from_secs(5)).await;
                session.hang_up(UserInfo::new())?;
            }
            CallEvent::Closed { .. } => break,
            other => println!("{other:?}"),
        }
    }
    println!(
        "{} frames of user {callee} were seen",
        frames.load(Ordering::Relaxed)
    );
    Ok(())
}
