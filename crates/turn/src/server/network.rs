//! Networks: addresses with a common beginning.

use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

/// All addresses of one family that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text is no network. Whoever wrote it has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkError;

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a network is an address and a number of bits, such as 10.0.0.0/8")
    }
}

impl core::error::Error for NetworkError {}

impl Network {
    /// The network of `address` with this many common bits.
    ///
    /// # Errors
    /// When there are more than the 32 or 128 bits of an address.
    pub const fn new(address: IpAddr, prefix: u8) -> Result<Self, NetworkError> {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        if prefix > bits {
            return Err(NetworkError);
        }
        Ok(Self { address, prefix })
    }

    /// Whether `address` is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                shared(u128::from(own.to_bits() ^ other.to_bits()) << 96) >= self.prefix.into()
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                shared(own.to_bits() ^ other.to_bits()) >= self.prefix.into()
            }
            _ => false,
        }
    }
}

/// How many leading bits do not differ.
const fn shared(difference: u128) -> u32 {
    difference.leading_zeros()
}

/// Reads `10.0.0.0/8`, or an address for it alone.
impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| NetworkError)?,
            None if address.is_ipv4() => 32,
            None => 128,
        };
        Self::new(address, prefix)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        let has = |network: &str, address: &str| {
            let network: Network = network.parse().unwrap();
            network.contains(address.parse().unwrap())
        };
        assert!(has("10.0.0.0/8", "10.255.0.1"));
        assert!(!has("10.0.0.0/8", "11.0.0.1"));
        assert!(has("0.0.0.0/0", "203.0.113.1"));
        assert!(has("192.0.2.1", "192.0.2.1"));
        assert!(!has("192.0.2.1", "192.0.2.0"));
        assert!(has("fc00::/7", "fdff::1"));
        assert!(!has("fc00::/7", "fe00::1"));
        assert!(!has("::/0", "192.0.2.1"));
    }

    #[test]
    fn nonsense_is_no_network() {
        for text in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "a/8",
            "10.0.0.0/-1",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NetworkError), "{text}");
        }
    }
}
