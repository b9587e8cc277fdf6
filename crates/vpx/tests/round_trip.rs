//! What goes into the encoder comes out of the decoder.
#![allow(clippy::unwrap_used)]

use visavis_vpx::{
    DecodeError, Decoder, DecoderConfig, EncodeError, Encoder, EncoderConfig, I420,
    TICKS_PER_SECOND,
};

const FRAME: u32 = TICKS_PER_SECOND / 30;

struct Picture {
    size: (u32, u32),
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
}

impl Picture {
    /// A gradient that moves with `n`.
    fn new(width: u32, height: u32, n: u32) -> Self {
        let plane = |columns: u32, rows: u32, step: u32| {
            (0..rows)
                .flat_map(|row| {
                    (0..columns).map(move |column| (row + column * step + n) as u8 / 2 + 64)
                })
                .collect()
        };
        let (cw, ch) = (width.div_ceil(2), height.div_ceil(2));
        Self {
            size: (width, height),
            y: plane(width, height, 2),
            u: plane(cw, ch, 1),
            v: plane(cw, ch, 3),
        }
    }

    fn view(&self) -> I420<'_> {
        let (width, _) = self.size;
        let planes = [&self.y[..], &self.u, &self.v];
        I420::new(
            self.size,
            planes,
            width as usize,
            width.div_ceil(2) as usize,
        )
        .unwrap()
    }
}

fn encoder(width: u32, height: u32) -> Encoder {
    Encoder::new(EncoderConfig {
        width,
        height,
        bitrate_bps: 400_000,
        ..EncoderConfig::default()
    })
    .unwrap()
}

fn worst_difference(a: &[u8], b: &[u8]) -> u8 {
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn pictures_survive_with_odd_sizes_too() {
    for size in [(64, 48), (67, 45), (16, 16)] {
        let mut encoder = encoder(size.0, size.1);
        let mut decoder = Decoder::new(DecoderConfig::default()).unwrap();
        for n in 0..5 {
            let source = Picture::new(size.0, size.1, n);
            let packet = encoder
                .encode(&source.view(), i64::from(n * FRAME), FRAME, false)
                .unwrap()
                .unwrap();
            assert_eq!(packet.key, n == 0);
            let decoded = decoder.decode(packet.data).unwrap().unwrap();
            assert_eq!((decoded.width(), decoded.height()), size);
            let mut bytes = vec![0; decoded.byte_len()];
            decoded.copy_to(&mut bytes);
            assert!(worst_difference(&source.y, &bytes) < 40, "{size:?}");
        }
    }
}

#[test]
fn key_frames_come_on_request_only() {
    let mut encoder = encoder(64, 64);
    let keys: Vec<bool> = (0..200)
        .map(|n| {
            // Even a complete change of the picture does not make one.
            let source = Picture::new(64, 64, if n > 100 { n * 97 } else { 0 });
            let pts = i64::from(n * FRAME);
            encoder
                .encode(&source.view(), pts, FRAME, n == 70)
                .unwrap()
                .unwrap()
                .key
        })
        .collect();
    let at: Vec<usize> = (0..200).filter(|&n| keys[n]).collect();
    assert_eq!(at, [0, 70]);
}

#[test]
fn size_and_bitrate_change_on_the_way() {
    let mut encoder = encoder(64, 64);
    let mut decoder = Decoder::new(DecoderConfig::default()).unwrap();
    let first = Picture::new(64, 64, 0);
    decoder
        .decode(
            encoder
                .encode(&first.view(), 0, FRAME, false)
                .unwrap()
                .unwrap()
                .data,
        )
        .unwrap();
    encoder.set_bitrate(200_000).unwrap();
    let second = Picture::new(96, 80, 1);
    let refused = encoder
        .encode(&second.view(), 3000, FRAME, false)
        .unwrap_err();
    assert_eq!(
        refused,
        EncodeError::OtherSize {
            width: 96,
            height: 80
        }
    );
    encoder.resize(96, 80).unwrap();
    assert_eq!(encoder.config().bitrate_bps, 200_000);
    let packet = encoder
        .encode(&second.view(), 6000, FRAME, false)
        .unwrap()
        .unwrap();
    assert!(packet.key);
    let decoded = decoder.decode(packet.data).unwrap().unwrap();
    assert_eq!((decoded.width(), decoded.height()), (96, 80));
}

#[test]
fn hostile_frames_are_refused() {
    let mut encoder = encoder(64, 64);
    let key = encoder
        .encode(&Picture::new(64, 64, 0).view(), 0, FRAME, false)
        .unwrap()
        .unwrap()
        .data
        .to_vec();
    let delta = encoder
        .encode(&Picture::new(64, 64, 1).view(), 3000, FRAME, false)
        .unwrap()
        .unwrap()
        .data
        .to_vec();

    let mut decoder = Decoder::new(DecoderConfig {
        max_width: 640,
        max_height: 640,
        threads: 1,
    })
    .unwrap();
    assert_eq!(decoder.decode(&[]).unwrap_err(), DecodeError::NotVp8);
    assert_eq!(decoder.decode(&[0; 40]).unwrap_err(), DecodeError::NotVp8);
    assert_eq!(
        decoder.decode(&delta).unwrap_err(),
        DecodeError::NoKeyFrameYet
    );

    let mut huge = key.clone();
    huge[6..10].copy_from_slice(&[0xff, 0x3f, 0xff, 0x3f]);
    assert!(matches!(
        decoder.decode(&huge),
        Err(DecodeError::TooLarge { width: 16383, .. })
    ));

    for cut in 0..key.len() {
        let _ = decoder.decode(&key[..cut]);
    }
    // Any byte wrong: an error or a wrong picture, never worse.
    decoder.decode(&key).unwrap();
    for at in 0..delta.len().min(200) {
        let mut bent = delta.clone();
        bent[at] ^= 0x5a;
        let _ = decoder.decode(&bent);
    }
    assert!(decoder.decode(&key).unwrap().is_some());
}

#[test]
fn the_library_tells_its_version() {
    assert!(visavis_vpx::library_version().starts_with('v'));
}
