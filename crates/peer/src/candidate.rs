//! ICE candidates as they travel in signals (RFC 8839 section 5.1).

use std::net::IpAddr;

use str0m::Candidate;

use crate::mdns;

/// The most candidates of the other side that are kept: before its description is
/// known, in a description, and for one generation of paths.
pub(crate) const MAX_REMOTE: usize = 256;

/// One candidate and the media section it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceCandidate {
    /// `candidate:…`, with or without `a=` in front.
    pub candidate: String,
    /// The section's `a=mid`.
    pub sdp_mid: Option<String>,
    /// The section's place, from 0.
    pub sdp_mline_index: Option<u16>,
}

impl IceCandidate {
    /// The multicast DNS name that stands where the address belongs.
    pub(crate) fn local_name(&self) -> Option<&str> {
        let name = self.candidate.split_whitespace().nth(4)?;
        mdns::is_local(name).then_some(name)
    }

    /// The candidate with an address in place of its name.
    pub(crate) fn resolved(&self, name: &str, address: IpAddr) -> Self {
        Self {
            candidate: self.candidate.replacen(name, &address.to_string(), 1),
            ..self.clone()
        }
    }

    /// What the engine can try; `None` for what it cannot: mDNS names (the
    /// driver resolves them), other transports, and what is not a candidate.
    pub(crate) fn usable(&self) -> Option<Candidate> {
        let text = self.candidate.trim();
        let text = text.strip_prefix("a=").unwrap_or(text);
        if text.len() > 1024 {
            return None;
        }
        Candidate::from_sdp_string(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::IceCandidate;

    fn candidate(text: &str) -> IceCandidate {
        IceCandidate {
            candidate: text.into(),
            sdp_mid: None,
            sdp_mline_index: None,
        }
    }

    #[test]
    fn a_browsers_candidate_is_usable() {
        let text = "candidate:1082940325 1 udp 2122194687 127.0.0.1 53526 typ host generation 0 ufrag OOyU network-id 3 network-cost 50";
        assert!(candidate(text).usable().is_some());
        assert!(candidate(&format!("a={text}")).usable().is_some());
    }

    #[test]
    fn a_name_gives_way_to_its_address() {
        let name = "0b0c7c5d-7a5c-4e0a-8b0c-6c0a0c0a0c0a.local";
        let named = candidate(&format!(
            "candidate:1 1 udp 2122194687 {name} 53526 typ host"
        ));
        assert_eq!(named.local_name(), Some(name));
        let resolved = named.resolved(name, [192, 0, 2, 7].into());
        let usable = resolved.usable().map(|usable| usable.addr());
        assert_eq!(usable, Some(([192, 0, 2, 7], 53526).into()));
        assert_eq!(resolved.local_name(), None);
    }

    #[test]
    fn names_and_nonsense_are_passed_over() {
        let mdns = "candidate:1 1 udp 2122194687 0b0c7c5d-7a5c-4e0a-8b0c-6c0a0c0a0c0a.local 53526 typ host";
        for text in [
            mdns,
            "",
            "candidate:",
            "candidate:1 1 udp x",
            &"x".repeat(2000),
        ] {
            assert!(candidate(text).usable().is_none(), "{text}");
        }
    }
}
