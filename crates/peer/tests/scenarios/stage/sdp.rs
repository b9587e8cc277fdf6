//! Descriptions, taken apart and put together wrongly.

use visavis_peer::IceCandidate;

/// The description without the lines that hold `what`.
pub(crate) fn without(sdp: &str, what: &str) -> String {
    let kept = sdp.lines().filter(|line| !line.contains(what));
    kept.map(|line| format!("{line}\r\n")).collect()
}

/// The description with `from` replaced, which must occur.
pub(crate) fn replaced(sdp: &str, from: &str, to: &str) -> String {
    assert!(sdp.contains(from), "no {from} in {sdp}");
    sdp.replace(from, to)
}

/// The candidates that a description has.
pub(crate) fn candidates_of(sdp: &str) -> Vec<IceCandidate> {
    let lines = sdp
        .lines()
        .filter_map(|line| line.strip_prefix("a=candidate:"));
    lines
        .map(|rest| IceCandidate {
            candidate: format!("candidate:{rest}"),
            sdp_mid: None,
            sdp_mline_index: Some(0),
        })
        .collect()
}
