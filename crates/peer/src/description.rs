//! What a session description must have before the engine sees it.
//!
//! Follows RFC 8866 (SDP), RFC 9143 (BUNDLE) and RFC 8122 (fingerprints) as
//! far as calls need them.

use std::borrow::Cow;
use std::fmt;

use crate::candidate::{IceCandidate, MAX_REMOTE};

/// The longest description that is read, in bytes.
pub(crate) const MAX_BYTES: usize = 64 * 1024;

/// The most media sections that are read.
const MAX_SECTIONS: usize = 16;

/// What is wrong with a description of the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DescriptionFault {
    /// Not a session description, an incomplete one, or too long.
    Malformed,
    /// No audio or video section that is in use.
    NoMedia,
    /// Sections that are not bundled (RFC 9143).
    NoBundle,
    /// No fingerprint, or one that no certificate can have.
    BadFingerprint,
    /// No codec that we have.
    NoCommonCodec,
    /// It does not fit what went before.
    Unusable,
}

impl fmt::Display for DescriptionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a session description",
            Self::NoMedia => "no audio or video section in use",
            Self::NoBundle => "sections that are not bundled",
            Self::BadFingerprint => "no usable fingerprint",
            Self::NoCommonCodec => "no common codec",
            Self::Unusable => "does not fit what went before",
        })
    }
}

/// A description that has what it needs.
pub(crate) struct Checked {
    /// With the line ends that SDP prescribes (chat turns them into plain line feeds on
    /// the way), without candidates.
    pub(crate) sdp: String,
    /// Its candidates; they may be anything.
    pub(crate) candidates: Vec<IceCandidate>,
    /// Another one than before means new paths (RFC 8839 section 4.4.1.1.1).
    pub(crate) user_fragment: String,
}

/// The facts of a description that matter before it is applied.
#[derive(Default)]
struct Facts {
    user_fragment: Option<String>,
    password: bool,
    sections: usize,
    in_use: usize,
    bundled: bool,
    fingerprints: usize,
    bad_fingerprint: bool,
    common_codec: bool,
}

/// Checks a description and takes its candidates out: one that cannot be tried must
/// not spoil it.
pub(crate) fn check(sdp: &str) -> Result<Checked, DescriptionFault> {
    if sdp.len() > MAX_BYTES || !sdp.starts_with("v=0") {
        return Err(DescriptionFault::Malformed);
    }
    let mut facts = Facts::default();
    let mut normal = String::with_capacity(sdp.len() + 256);
    let mut candidates = Vec::new();
    for line in sdp.lines().filter(|line| !line.is_empty()) {
        if line.starts_with("a=candidate:") {
            candidates.push(line);
            continue;
        }
        facts.read(line);
        normal.push_str(line);
        normal.push_str("\r\n");
    }
    facts.judge()?;
    Ok(Checked {
        sdp: normal,
        candidates: candidates
            .into_iter()
            .take(MAX_REMOTE)
            .map(inline)
            .collect(),
        user_fragment: facts.user_fragment.unwrap_or_default(),
    })
}

/// With BUNDLE there is one transport: the section does not matter.
fn inline(line: &str) -> IceCandidate {
    IceCandidate {
        candidate: line.to_owned(),
        sdp_mid: None,
        sdp_mline_index: None,
    }
}

impl Facts {
    fn read(&mut self, line: &str) {
        if let Some(media) = line.strip_prefix("m=") {
            self.sections += 1;
            let mut words = media.split(' ');
            let known = matches!(words.next(), Some("audio" | "video"));
            if known && words.next() != Some("0") {
                self.in_use += 1;
            }
        } else if line.starts_with("a=group:BUNDLE") {
            self.bundled = true;
        } else if let Some(fragment) = line.strip_prefix("a=ice-ufrag:") {
            self.user_fragment
                .get_or_insert_with(|| fragment.to_owned());
        } else if line.starts_with("a=ice-pwd:") {
            self.password = true;
        } else if let Some(fingerprint) = line.strip_prefix("a=fingerprint:") {
            self.fingerprints += 1;
            self.bad_fingerprint |= !is_fingerprint(fingerprint);
        } else if let Some(map) = line.strip_prefix("a=rtpmap:") {
            let codec = map.split(' ').nth(1).unwrap_or_default();
            self.common_codec |= ["opus/48000/2", "vp8/90000"].contains(&lower(codec).as_ref());
        }
    }

    const fn judge(&self) -> Result<(), DescriptionFault> {
        use DescriptionFault::{BadFingerprint, Malformed, NoBundle, NoCommonCodec, NoMedia};
        match self {
            Self { sections, .. } if *sections > MAX_SECTIONS => Err(Malformed),
            Self { in_use: 0, .. } => Err(NoMedia),
            Self { bundled: false, .. } => Err(NoBundle),
            Self {
                fingerprints: 0, ..
            }
            | Self {
                bad_fingerprint: true,
                ..
            } => Err(BadFingerprint),
            Self {
                common_codec: false,
                ..
            } => Err(NoCommonCodec),
            Self {
                user_fragment: None,
                ..
            }
            | Self {
                password: false, ..
            } => Err(Malformed),
            _ => Ok(()),
        }
    }
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        text.to_ascii_lowercase().into()
    } else {
        text.into()
    }
}

/// `hash-func SP XX:XX:…` with at least a SHA-1's length (RFC 8122 section 5).
fn is_fingerprint(text: &str) -> bool {
    let Some((hash, bytes)) = text.trim().split_once(' ') else {
        return false;
    };
    let length = match lower(hash).as_ref() {
        "sha-1" => 20,
        "sha-224" => 28,
        "sha-256" => 32,
        "sha-384" => 48,
        "sha-512" => 64,
        _ => return false,
    };
    let mut count = 0;
    let all_hex = bytes.trim().split(':').all(|byte| {
        count += 1;
        byte.len() == 2 && byte.bytes().all(|digit| digit.is_ascii_hexdigit())
    });
    all_hex && count == length
}

/// Puts candidates behind those that a description has already, in its first
/// section: with BUNDLE there is one transport.
pub(crate) fn with_candidates<'a>(sdp: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    let mut head = sdp.len();
    let mut sections = 0;
    let mut offset = 0;
    for line in sdp.split_inclusive('\n') {
        if line.starts_with("m=") {
            sections += 1;
            if sections == 2 {
                head = offset;
                break;
            }
        }
        offset += line.len();
    }
    let mut out = sdp[..head].to_owned();
    for candidate in candidates {
        out.push_str("a=");
        out.push_str(candidate.trim());
        out.push_str("\r\n");
    }
    out.push_str(&sdp[head..]);
    out
}

#[cfg(test)]
mod tests {
    use super::{DescriptionFault, check, with_candidates};

    const GOOD: &str = "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\na=group:BUNDLE 0 1\nm=audio 9 UDP/TLS/RTP/SAVPF 111\n\
        a=fingerprint:sha-256 01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F:20\n\
        a=ice-ufrag:abcd\na=ice-pwd:abcdefghijklmnopqrstuv\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\n\
        a=rtpmap:111 opus/48000/2\nm=video 9 UDP/TLS/RTP/SAVPF 96\na=rtpmap:96 VP8/90000\n";

    #[test]
    fn line_ends_become_those_of_sdp() {
        let normal = check(GOOD).expect("well-formed").sdp;
        assert!(normal.lines().count() == GOOD.lines().count() - 1 && normal.ends_with("\r\n"));
        assert_eq!(normal.matches("\r\n").count(), normal.matches('\n').count());
    }

    #[test]
    fn candidates_are_taken_out() {
        let many = GOOD.replace("a=candidate:", &"a=candidate:x\na=candidate:".repeat(500));
        let checked = check(&many).expect("well-formed");
        assert!(!checked.sdp.contains("candidate"));
        assert_eq!(checked.candidates.len(), 256);
        assert_eq!(checked.candidates[0].candidate, "a=candidate:x");
        assert_eq!(checked.user_fragment, "abcd");
    }

    #[test]
    fn every_fault_has_its_name() {
        use DescriptionFault::{BadFingerprint, Malformed, NoBundle, NoCommonCodec, NoMedia};
        let without = |what: &str| {
            GOOD.lines()
                .filter(|line| !line.contains(what))
                .collect::<Vec<_>>()
                .join("\n")
        };
        let check = |sdp: &str| check(sdp).map(|_| ());
        assert_eq!(check("hello"), Err(Malformed));
        assert_eq!(check(&format!("v=0{}", "x".repeat(70_000))), Err(Malformed));
        assert_eq!(check(&without("ice-ufrag")), Err(Malformed));
        assert_eq!(check(&without("ice-pwd")), Err(Malformed));
        assert_eq!(check(&without("m=")), Err(NoMedia));
        assert_eq!(check(&GOOD.replace(" 9 UDP", " 0 UDP")), Err(NoMedia));
        assert_eq!(check(&without("BUNDLE")), Err(NoBundle));
        assert_eq!(check(&without("fingerprint")), Err(BadFingerprint));
        assert_eq!(check(&GOOD.replace("01:02:", "01:")), Err(BadFingerprint));
        assert_eq!(
            check(&GOOD.replace("opus", "G722").replace("VP8", "H264")),
            Err(NoCommonCodec)
        );
    }

    #[test]
    fn candidates_go_into_the_first_section() {
        let sdp = with_candidates(
            "v=0\r\nm=audio\r\na=x\r\nm=video\r\na=y\r\n",
            ["candidate:1"].into_iter(),
        );
        assert_eq!(
            sdp,
            "v=0\r\nm=audio\r\na=x\r\na=candidate:1\r\nm=video\r\na=y\r\n"
        );
    }
}
