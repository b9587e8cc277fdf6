//! Why a direction is not as good as it could be.

/// Who has to do something about it, and what, is said in `docs/quality.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The sender put the call on hold.
    Held,
    /// Nothing arrives at all: the connection is being lost.
    NoData,
    /// This computer does not keep up with encoding (outgoing) or decoding (incoming).
    SlowComputer,
    /// The packets go through a relay over TCP, because UDP is blocked somewhere.
    RelayTcp,
    /// Packets are lost, and nothing tells on whose side.
    Loss,
    /// Packets are lost on our side: other paths of ours lose as many.
    LossHere,
    /// Packets are lost on the other side: other paths of ours do not lose them.
    LossThere,
    /// The path to the other side takes less than pictures need.
    LowBandwidth,
    /// Packets arrive unevenly.
    Unsteady,
    /// The round trip is long.
    FarAway,
    /// The sender's camera is off.
    CameraOff,
    /// What arrives is whole and in time, and not enough: the other side's computer or upload.
    OtherSide,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 12] = [
        Self::Held,
        Self::NoData,
        Self::SlowComputer,
        Self::RelayTcp,
        Self::Loss,
        Self::LossHere,
        Self::LossThere,
        Self::LowBandwidth,
        Self::Unsteady,
        Self::FarAway,
        Self::CameraOff,
        Self::OtherSide,
    ];

    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::NoData => "no_data",
            Self::SlowComputer => "slow_computer",
            Self::RelayTcp => "relay_tcp",
            Self::Loss => "loss",
            Self::LossHere => "loss_here",
            Self::LossThere => "loss_there",
            Self::LowBandwidth => "low_bandwidth",
            Self::Unsteady => "unsteady",
            Self::FarAway => "far_away",
            Self::CameraOff => "camera_off",
            Self::OtherSide => "other_side",
        }
    }
}
