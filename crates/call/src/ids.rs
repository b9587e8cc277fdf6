//! Names for what the core itself begins.

use visavis_signal::SessionId;

/// Ids that a core draws from its seed, one after the other.
///
/// They have to differ, not to be secret: an id names an exchange of descriptions
/// between two users who know each other's ids anyway.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    state: u64,
}

impl Ids {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next one, in the form of a UUID.
    pub(crate) fn draw(&mut self) -> SessionId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.number().to_be_bytes());
        bytes[8..].copy_from_slice(&self.number().to_be_bytes());
        SessionId::from_bytes(bytes)
    }

    /// SplitMix64: every state gives another number.
    const fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_id_comes_twice_and_a_seed_repeats_its_ids() {
        let mut ids = Ids::new(7);
        let drawn: BTreeSet<_> = (0..1000).map(|_| ids.draw()).collect();
        assert_eq!(drawn.len(), 1000);
        assert!(drawn.contains(&Ids::new(7).draw()));
        assert!(!drawn.contains(&Ids::new(8).draw()));
    }

    #[test]
    fn the_numbers_are_those_of_split_mix_64() {
        // The first of the sequence for this seed, as its reference implementation prints them.
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        let mut ids = Ids::new(1_234_567);
        assert_eq!(published.map(|_| ids.number()), published);
    }
}
