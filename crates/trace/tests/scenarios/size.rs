//! A trace does not grow without end, and says when it stopped.

use std::io::{self, Write};

use visavis_call::{CallConfig, Command, Time};
use visavis_trace::{Ending, Recorded, Recorder, replay};

use crate::common::{ALICE, Story, read};

#[test]
fn the_limit_is_kept_and_told() {
    let whole = Story::of_three().end().len() as u64;
    for bytes in [1_000, 5_000, whole - 1] {
        let mut story = Story::new(|recorder| recorder.with_limit(bytes));
        story.tell();
        let text = story.end();
        assert!(text.len() as u64 <= bytes, "{} of {bytes}", text.len());
        let trace = read(&text);
        assert_eq!(trace.ending, Some(Ending::Limit { bytes }));
        replay(&trace).unwrap();
    }
}

#[test]
fn what_happened_is_in_the_file_before_the_next_thing_happens() {
    let mut story = Story::new(|recorder| recorder);
    assert_eq!(story.paper.text().lines().count(), 1);
    story.wants(Command::StartProcessing).unwrap();
    let text = story.paper.text();
    assert_eq!(text.lines().count(), 2);
    assert!(text.ends_with('\n'));
    assert_eq!(read(&text).ending, None);
}

/// A full disk ends the trace, never the call.
#[test]
fn a_file_that_cannot_be_written_does_no_harm() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let recorder = Some(Recorder::new(Full));
    let mut call = Recorded::new(ALICE, CallConfig::default(), 1, recorder).unwrap();
    let outputs = call.command(Time::ORIGIN, Command::StartProcessing);
    assert_eq!(outputs, Ok(Vec::new()));
    assert!(call.core().is_processing());
}
