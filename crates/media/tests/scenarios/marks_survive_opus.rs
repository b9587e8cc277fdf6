//! The time-marked sound can be read after coding, and what happened to it is found.

use crate::line::packets_of;
use visavis_media::codec::OpusDecoder;
use visavis_media::measure::SweepReading;
use visavis_media::source::Sweep;

fn through_opus(sound: &[i16], bitrate: u32, expected_loss: f32) -> Vec<i16> {
    let mut decoder = OpusDecoder::new().unwrap();
    let packets = packets_of(sound, bitrate, expected_loss);
    packets
        .iter()
        .flat_map(|packet| decoder.decode(&packet.data).unwrap().to_vec())
        .collect()
}

#[test]
fn nothing_is_missing_at_usual_bit_rates() {
    // The first goes once round the whole period of the marks.
    let cases = [
        (32_000, 0.0, 14),
        (32_000, 0.1, 6),
        (40_000, 0.05, 6),
        (64_000, 0.0, 6),
    ];
    for (bitrate, loss, seconds) in cases {
        let sound = Sweep::render(0, seconds * 48_000);
        let reading = SweepReading::analyse(&through_opus(&sound, bitrate, loss));
        assert!(reading.is_complete(), "{bitrate} {loss}: {reading:?}");
        assert!(
            reading.heard_ms > seconds as u64 * 1000 - 100,
            "{bitrate} {loss}: {reading:?}"
        );
        assert_eq!(
            (reading.late_ms, reading.faults.len()),
            (0, 0),
            "{bitrate}: {reading:?}"
        );
    }
}

#[test]
fn cut_repeated_and_delayed_pieces_are_found() {
    let sound = Sweep::render(0, 4 * 48_000);
    let ms = |ms: usize| ms * 48;
    for length in [20, 60, 200, 1000] {
        let cut = [&sound[..ms(2000)], &sound[ms(2000 + length)..]].concat();
        let reading = SweepReading::analyse(&through_opus(&cut, 32_000, 0.0));
        assert!(
            reading.missing_ms.abs_diff(length as u64) <= 5,
            "cut {length}: {reading:?}"
        );
        assert_eq!(reading.repeated_ms, 0, "cut {length}: {reading:?}");

        let again = [&sound[..ms(2000)], &sound[ms(2000 - length)..]].concat();
        let reading = SweepReading::analyse(&through_opus(&again, 32_000, 0.0));
        assert!(
            reading.repeated_ms.abs_diff(length as u64) <= 5,
            "again {length}: {reading:?}"
        );
        assert_eq!(reading.missing_ms, 0, "again {length}: {reading:?}");

        let pause = vec![0; ms(length)];
        let delayed = [&sound[..ms(2000)], &pause, &sound[ms(2000)..]].concat();
        let reading = SweepReading::analyse(&through_opus(&delayed, 32_000, 0.0));
        assert!(reading.is_complete(), "delayed {length}: {reading:?}");
        assert!(
            reading.late_ms.abs_diff(length as u64) <= 5,
            "delayed {length}: {reading:?}"
        );
    }
}

#[test]
fn a_quiet_recording_reads_the_same() {
    let sound: Vec<i16> = Sweep::render(0, 3 * 48_000)
        .iter()
        .map(|s| s / 30)
        .collect();
    let reading = SweepReading::analyse(&through_opus(&sound, 32_000, 0.0));
    assert!(
        reading.is_complete() && reading.heard_ms > 2900,
        "{reading:?}"
    );
}
