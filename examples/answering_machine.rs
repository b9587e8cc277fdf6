//! Accepts every call, shows a black picture, and keeps what was said.
//!
//! `SERVER=http://127.0.0.1:8080 APP=ID:KEY:SECRET LOGIN=bob PASSWORD=… cargo run --example answering_machine`

use std::error::Error;

use visavis::media::render::WavWriter;
use visavis::media::source::Silence;
use visavis::{
    CallClient, CallConfig, CallEvent, ChatClient, ChatConfig, LocalMedia, SourceError, UserInfo,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let chat = ChatClient::connect(ChatConfig {
        server: std::env::var("SERVER")?,
        app: std::env::var("APP")?.parse()?,
        login: std::env::var("LOGIN")?,
        password: std::env::var("PASSWORD")?,
        extra_roots_pem: Vec::new(),
    })
    .await?;

    let client = CallClient::new(CallConfig::default())?;
    client.set_local_media(LocalMedia::none().with_audio(|| Ok::<_, SourceError>(Silence::new())));
    client.attach(chat)?;
    let mut events = client.subscribe();
    client.start_processing()?;

    let mut message = None;
    while let Some(event) = events.recv().await {
        match event {
            CallEvent::NewSession { session } => {
                println!("user {} calls", session.initiator());
                session.accept(UserInfo::from_entries([(
                    "greeting",
                    "please leave a message",
                )])?)?;
            }
            CallEvent::RemoteAudioTrack { user, track, .. } => {
                let file = WavWriter::create(format!("message-from-{user}.wav"))?;
                track.add_renderer(file.clone());
                message = Some(file);
            }
            CallEvent::Closed { session } => {
                if let Some(file) = message.take() {
                    println!(
                        "user {} left {} samples",
                        session.initiator(),
                        file.finish()?
                    );
                }
            }
            _ => {}
        }
    }
    Ok(())
}
