//! Keeps what was received: `user-ID.y4m`, `user-ID.png`, `user-ID.wav`.

use std::path::{Path, PathBuf};

use visavis::media::render::{PngRenderer, WavWriter, Y4mWriter};
use visavis::media::{FrameRate, RendererId};
use visavis::{AudioTrack, UserId, VideoTrack};

use crate::exit::{Failure, Reason};

/// Files in one folder.
pub(crate) struct Recorder {
    folder: PathBuf,
    open: Vec<Recording>,
}

enum Recording {
    Video {
        track: VideoTrack,
        renderers: [RendererId; 2],
        movie: Y4mWriter,
        picture: PngRenderer,
    },
    Audio {
        track: AudioTrack,
        renderer: RendererId,
        file: WavWriter,
    },
}

impl Recorder {
    /// Makes the folder.
    pub(crate) fn new(folder: &Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::new(
                Reason::Source,
                format_args!("{} cannot be made: {error}", folder.display()),
            )
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            open: Vec::new(),
        })
    }

    pub(crate) fn video(&mut self, user: UserId, track: VideoTrack) -> Result<(), Failure> {
        let movie = Y4mWriter::create(self.path(user, "y4m"), FrameRate::whole(30))
            .map_err(|error| Failure::of(Reason::Source, &error))?;
        let picture = PngRenderer::new(self.path(user, "png"));
        let renderers = [
            track.add_renderer(movie.clone()),
            track.add_renderer(picture.clone()),
        ];
        self.open.push(Recording::Video {
            track,
            renderers,
            movie,
            picture,
        });
        Ok(())
    }

    pub(crate) fn audio(&mut self, user: UserId, track: AudioTrack) -> Result<(), Failure> {
        let file = WavWriter::create(self.path(user, "wav"))
            .map_err(|error| Failure::of(Reason::Source, &error))?;
        let renderer = track.add_renderer(file.clone());
        self.open.push(Recording::Audio {
            track,
            renderer,
            file,
        });
        Ok(())
    }

    /// Completes the files.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        let mut first = Ok(());
        for recording in self.open.drain(..) {
            let result = recording.finish();
            first = first.and(result);
        }
        first
    }

    fn path(&self, user: UserId, extension: &str) -> PathBuf {
        self.folder.join(format!("user-{user}.{extension}"))
    }
}

impl Recording {
    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Video {
                track,
                renderers,
                movie,
                picture,
            } => {
                for renderer in renderers {
                    track.remove_renderer(renderer);
                }
                let movie = movie
                    .finish()
                    .map(drop)
                    .map_err(|error| Failure::of(Reason::Source, &error));
                let picture = picture
                    .finish()
                    .map(drop)
                    .map_err(|error| Failure::of(Reason::Source, &error));
                movie.and(picture)
            }
            Self::Audio {
                track,
                renderer,
                file,
            } => {
                track.remove_renderer(renderer);
                file.finish()
                    .map(drop)
                    .map_err(|error| Failure::of(Reason::Source, &error))
            }
        }
    }
}
