//! Opus (RFC 6716) for 48 kHz mono voice, with the in-band error correction that
//! RFC 7587 §3.3 describes: each packet may carry a coarse copy of the one before.
//!
//! The decoder takes what any WebRTC peer sends: 2.5–120 ms a packet, stereo
//! folded to mono. It never guesses which packet was lost; its caller knows.

use std::ops::RangeInclusive;

use opus::{Application, Bitrate, Channels, Signal, packet};

use crate::frame::{SAMPLE_RATE, SAMPLES_PER_FRAME};

/// Bit rates the encoder can be set to, in bit/s.
pub const BITRATES: RangeInclusive<u32> = 16_000..=128_000;
/// Largest packet taken or made, in bytes: three frames of the most that
/// RFC 6716 §3.4 allows (1275 bytes), with their lengths.
pub const MAX_PACKET_BYTES: usize = 3 * 1275 + 7;
/// Samples in the longest packet, 120 ms (RFC 6716 §3.2.5).
pub const MAX_PACKET_SAMPLES: usize = 5760;

/// From this expected loss on, packets for voice carry copies. Below it the
/// transform half of Opus is used, which renders every sound better and is itself
/// again one packet after a loss, where the predicting half may take long.
pub const LEAST_LOSS_FOR_COPIES: f32 = 0.04;

/// Shortest thing Opus can decode, 2.5 ms; everything is a multiple of it.
const SHORTEST_FRAME: usize = 120;
const ENCODABLE: [usize; 6] = [120, 240, 480, 960, 1920, 2880];

/// What the encoder optimizes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpusTuning {
    /// Speech: error correction works best here.
    #[default]
    Voice,
    /// Music and mixed sound.
    Music,
}

/// Why sound could not be encoded or decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpusError {
    /// The caller gave a number of samples that is no Opus frame duration.
    #[error("{0} samples are not an Opus frame of 2.5, 5, 10, 20, 40 or 60 ms")]
    FrameLength(usize),
    /// The caller asked for a bit rate outside [`BITRATES`].
    #[error("{0} bit/s is outside {min}..={max}", min = BITRATES.start(), max = BITRATES.end())]
    Bitrate(u32),
    /// The other side sent a packet that is empty or longer than [`MAX_PACKET_BYTES`].
    #[error("packet of {0} bytes is outside 1..={MAX_PACKET_BYTES}")]
    PacketLength(usize),
    /// The other side sent a packet that does not follow RFC 6716.
    #[error("malformed Opus packet")]
    Malformed,
    /// libopus could not do it: out of memory, or a fault of ours.
    #[error("libopus: {0:?}")]
    Library(opus::ErrorCode),
}

impl From<opus::Error> for OpusError {
    fn from(error: opus::Error) -> Self {
        match error.code() {
            opus::ErrorCode::InvalidPacket => Self::Malformed,
            code => Self::Library(code),
        }
    }
}

/// Turns 48 kHz mono sound into Opus packets.
#[derive(Debug)]
pub struct OpusEncoder {
    inner: opus::Encoder,
    tuning: OpusTuning,
    buffer: Vec<u8>,
}

impl OpusEncoder {
    /// An encoder with in-band error correction, as strong as the
    /// [expected loss](Self::set_expected_loss) asks for (at first none).
    ///
    /// # Errors
    /// When the bit rate is outside [`BITRATES`] or memory is short.
    pub fn new(bitrate: u32, tuning: OpusTuning) -> Result<Self, OpusError> {
        let application = match tuning {
            OpusTuning::Voice => Application::Voip,
            OpusTuning::Music => Application::Audio,
        };
        let inner = opus::Encoder::new(SAMPLE_RATE, Channels::Mono, application)?;
        let mut encoder = Self {
            inner,
            tuning,
            buffer: vec![0; MAX_PACKET_BYTES],
        };
        encoder.inner.set_inband_fec(true)?;
        encoder.set_expected_loss(0.0)?;
        encoder.set_bitrate(bitrate)?;
        Ok(encoder)
    }

    /// Changes the bit rate (bit/s) from the next packet on.
    ///
    /// # Errors
    /// When it is outside [`BITRATES`].
    pub fn set_bitrate(&mut self, bitrate: u32) -> Result<(), OpusError> {
        if !BITRATES.contains(&bitrate) {
            return Err(OpusError::Bitrate(bitrate));
        }
        let bits = i32::try_from(bitrate).map_err(|_| OpusError::Bitrate(bitrate))?;
        Ok(self.inner.set_bitrate(Bitrate::Bits(bits))?)
    }

    /// Switches error correction off or on again.
    ///
    /// # Errors
    /// Only when libopus fails.
    pub fn set_error_correction(&mut self, on: bool) -> Result<(), OpusError> {
        Ok(self.inner.set_inband_fec(on)?)
    }

    /// Tells how many packets get lost, 0.0 none to 1.0 all; values outside are
    /// clamped. From [`LEAST_LOSS_FOR_COPIES`] on bits go into error correction, the
    /// more the higher it is.
    ///
    /// # Errors
    /// Only when libopus fails.
    pub fn set_expected_loss(&mut self, loss: f32) -> Result<(), OpusError> {
        let lossy = loss >= LEAST_LOSS_FOR_COPIES && self.tuning == OpusTuning::Voice;
        self.inner
            .set_signal(if lossy { Signal::Voice } else { Signal::Music })?;
        // Frames that lean on none before them cost half a decibel and save the
        // sound after a loss; copies, though, are only made with prediction.
        self.inner.set_prediction_disabled(!lossy)?;
        let percent = (loss.clamp(0.0, 1.0) * 100.0).ceil() as i32;
        Ok(self.inner.set_packet_loss_perc(percent)?)
    }

    /// Encodes 2.5, 5, 10, 20, 40 or 60 ms.
    ///
    /// # Errors
    /// When the number of samples is something else.
    pub fn encode(&mut self, samples: &[i16]) -> Result<&[u8], OpusError> {
        if !ENCODABLE.contains(&samples.len()) {
            return Err(OpusError::FrameLength(samples.len()));
        }
        let length = self.inner.encode(samples, &mut self.buffer)?;
        Ok(&self.buffer[..length])
    }
}

/// Turns Opus packets of one stream, in order, into 48 kHz mono sound.
#[derive(Debug)]
pub struct OpusDecoder {
    inner: opus::Decoder,
    buffer: Vec<i16>,
}

impl OpusDecoder {
    /// A decoder at the beginning of a stream.
    ///
    /// # Errors
    /// Only when memory is short.
    pub fn new() -> Result<Self, OpusError> {
        let inner = opus::Decoder::new(SAMPLE_RATE, Channels::Mono)?;
        Ok(Self {
            inner,
            buffer: vec![0; MAX_PACKET_SAMPLES],
        })
    }

    /// Decodes the next packet.
    ///
    /// # Errors
    /// When the packet is malformed; the decoder can go on with the next one.
    pub fn decode(&mut self, packet: &[u8]) -> Result<&[i16], OpusError> {
        packet_samples(packet)?;
        let length = self.inner.decode(packet, &mut self.buffer, false)?;
        Ok(&self.buffer[..length])
    }

    /// The lost `samples` before `following`, from the coarse copy in it; sound is
    /// made up where there is none. `following` is to be decoded afterwards.
    ///
    /// # Errors
    /// When the packet is malformed or `samples` is not a multiple of 2.5 ms up to 120 ms.
    pub fn decode_fec(&mut self, following: &[u8], samples: usize) -> Result<&[i16], OpusError> {
        packet_samples(following)?;
        let length = self
            .inner
            .decode(following, room(&mut self.buffer, samples)?, true)?;
        Ok(&self.buffer[..length])
    }

    /// Makes up `samples` that continue what was decoded last.
    ///
    /// # Errors
    /// When `samples` is not a multiple of 2.5 ms up to 120 ms.
    pub fn conceal(&mut self, samples: usize) -> Result<&[i16], OpusError> {
        let length = self
            .inner
            .decode(&[], room(&mut self.buffer, samples)?, false)?;
        Ok(&self.buffer[..length])
    }

    /// Forgets the stream, as if newly made.
    ///
    /// # Errors
    /// Only when libopus fails.
    pub fn reset(&mut self) -> Result<(), OpusError> {
        Ok(self.inner.reset_state()?)
    }
}

fn room(buffer: &mut [i16], samples: usize) -> Result<&mut [i16], OpusError> {
    if samples == 0 || !samples.is_multiple_of(SHORTEST_FRAME) {
        return Err(OpusError::FrameLength(samples));
    }
    buffer
        .get_mut(..samples)
        .ok_or(OpusError::FrameLength(samples))
}

/// How many samples a packet decodes to at 48 kHz, from its first bytes.
///
/// # Errors
/// When the packet is empty, too long, or malformed.
pub fn packet_samples(packet: &[u8]) -> Result<usize, OpusError> {
    if packet.is_empty() || packet.len() > MAX_PACKET_BYTES {
        return Err(OpusError::PacketLength(packet.len()));
    }
    match packet::get_nb_samples(packet, SAMPLE_RATE) {
        Ok(0) => Err(OpusError::Malformed),
        Ok(samples) => Ok(samples),
        Err(error) => Err(error.into()),
    }
}

/// How many samples before a packet its copy restores, 0 when it carries none:
/// the LBRR flag of RFC 6716 §4.2.3, which only the SILK and hybrid modes have.
#[must_use]
pub fn fec_samples(packet: &[u8]) -> usize {
    const FIRST_CELT_ONLY: u8 = 16;
    let Ok(parsed) = packet::parse(packet) else {
        return 0;
    };
    let Some(&header) = parsed.frames.first().and_then(|frame| frame.first()) else {
        return 0;
    };
    if parsed.toc >> 3 >= FIRST_CELT_ONLY {
        return 0;
    }
    let Ok(samples) = packet::get_samples_per_frame(packet, SAMPLE_RATE) else {
        return 0;
    };
    // One voice-activity bit per 20 ms of the frame, then the flag; with stereo
    // the same again for the side channel.
    let activity_bits = (samples / SAMPLES_PER_FRAME).clamp(1, 3);
    let stereo = parsed.toc & 0b100 != 0;
    let flag = |position: usize| header >> (7 - position) & 1 == 1;
    if flag(activity_bits) || (stereo && flag(2 * activity_bits + 1)) {
        samples
    } else {
        0
    }
}

/// Loads libopus and touches its tables, so that the first packet of a call is
/// coded as quickly as the second.
pub fn warm_up() {
    let sound = [0; SAMPLES_PER_FRAME];
    let (Ok(mut encoder), Ok(mut decoder)) = (
        OpusEncoder::new(*BITRATES.start(), OpusTuning::Voice),
        OpusDecoder::new(),
    ) else {
        return;
    };
    if let Ok(packet) = encoder.encode(&sound) {
        // The outcome does not matter; running through the code does.
        let _ = decoder.decode(packet);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tone(samples: usize, start: usize) -> Vec<i16> {
        (start..start + samples)
            .map(|n| ((n as f32 * 440.0 / 48_000.0 * std::f32::consts::TAU).sin() * 9000.0) as i16)
            .collect()
    }

    fn rms(samples: &[i16]) -> f64 {
        let sum: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
        (sum / samples.len() as f64).sqrt()
    }

    #[test]
    fn sound_survives() {
        let mut encoder = OpusEncoder::new(32_000, OpusTuning::Voice).unwrap();
        let mut decoder = OpusDecoder::new().unwrap();
        let mut last = Vec::new();
        for n in 0..20 {
            let packet = encoder.encode(&tone(960, n * 960)).unwrap().to_vec();
            last = decoder.decode(&packet).unwrap().to_vec();
        }
        assert_eq!(last.len(), 960);
        assert!((rms(&last) / (9000.0 / 2f64.sqrt()) - 1.0).abs() < 0.1);
    }

    #[test]
    fn a_lost_packet_is_recovered_from_the_next() {
        let mut encoder = OpusEncoder::new(40_000, OpusTuning::Voice).unwrap();
        encoder.set_expected_loss(0.2).unwrap();
        let packets: Vec<_> = (0..20)
            .map(|n| encoder.encode(&tone(960, n * 960)).unwrap().to_vec())
            .collect();
        assert_eq!(fec_samples(&packets[15]), 960);
        let mut decoder = OpusDecoder::new().unwrap();
        for packet in &packets[..14] {
            decoder.decode(packet).unwrap();
        }
        let recovered = decoder.decode_fec(&packets[15], 960).unwrap();
        assert_eq!(recovered.len(), 960);
        assert!(rms(recovered) > 3000.0);
        assert_eq!(decoder.decode(&packets[15]).unwrap().len(), 960);
    }

    #[test]
    fn without_expected_loss_nothing_is_spent_on_copies() {
        let mut encoder = OpusEncoder::new(40_000, OpusTuning::Voice).unwrap();
        assert!((0..20).all(|n| fec_samples(encoder.encode(&tone(960, n * 960)).unwrap()) == 0));
    }

    #[test]
    fn every_frame_duration_is_coded() {
        let mut encoder = OpusEncoder::new(64_000, OpusTuning::Music).unwrap();
        let mut decoder = OpusDecoder::new().unwrap();
        for samples in ENCODABLE {
            let packet = encoder.encode(&tone(samples, 0)).unwrap().to_vec();
            assert_eq!(packet_samples(&packet), Ok(samples));
            assert_eq!(decoder.decode(&packet).unwrap().len(), samples);
        }
        assert_eq!(
            encoder.encode(&[0; 961]).unwrap_err(),
            OpusError::FrameLength(961)
        );
    }

    #[test]
    fn stereo_is_folded_to_mono() {
        let mut encoder =
            opus::Encoder::new(SAMPLE_RATE, Channels::Stereo, Application::Audio).unwrap();
        encoder.set_force_channels(Some(Channels::Stereo)).unwrap();
        let mut decoder = OpusDecoder::new().unwrap();
        for n in 0..5 {
            let both: Vec<i16> = tone(960, n * 960)
                .into_iter()
                .flat_map(|s| [s, s])
                .collect();
            let packet = encoder.encode_vec(&both, 1275).unwrap();
            assert_eq!(packet[0] & 0b100, 0b100);
            let sound = decoder.decode(&packet).unwrap();
            assert_eq!(sound.len(), 960);
            assert!(n < 2 || rms(sound) > 4000.0);
        }
    }

    #[test]
    fn hostile_packets_are_errors() {
        let mut decoder = OpusDecoder::new().unwrap();
        assert_eq!(decoder.decode(&[]).unwrap_err(), OpusError::PacketLength(0));
        let long = vec![0; MAX_PACKET_BYTES + 1];
        assert_eq!(
            decoder.decode(&long).unwrap_err(),
            OpusError::PacketLength(long.len())
        );
        assert_eq!(decoder.decode(&[0xff]).unwrap_err(), OpusError::Malformed);
        assert_eq!(decoder.conceal(7).unwrap_err(), OpusError::FrameLength(7));
        for first in 0..=255u8 {
            let _ = decoder.decode(&[first, 0xa5, 0x3c, 0xff]);
            let _ = fec_samples(&[first, 0xa5]);
        }
    }

    #[test]
    fn bounds_are_named() {
        assert_eq!(
            OpusEncoder::new(1000, OpusTuning::Voice)
                .unwrap_err()
                .to_string(),
            "1000 bit/s is outside 16000..=128000"
        );
    }
}
