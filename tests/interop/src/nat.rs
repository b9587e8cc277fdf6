//! Boxes between a host and its network that translate addresses or let little through, with
//! nftables (nft(8)).

use crate::network::Network;

/// What stands between a host and the network, named as in RFC 4787: mapping, then filtering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nat {
    /// Endpoint-independent both: whoever knows the mapping comes in.
    FullCone,
    /// Endpoint-independent mapping, address-dependent filtering: whoever was written to comes in,
    /// from any of his ports.
    Restricted,
    /// Endpoint-independent mapping, address and port-dependent filtering: who was written to, from
    /// that port only.
    PortRestricted,
    /// Address and port-dependent both: each destination sees another port.
    Symmetric,
    /// As port-restricted, and no UDP.
    NoUdp,
    /// Nothing but TCP to port 443.
    Only443,
}

/// Every kind.
pub const NATS: [Nat; 6] = [
    Nat::FullCone,
    Nat::Restricted,
    Nat::PortRestricted,
    Nat::Symmetric,
    Nat::NoUdp,
    Nat::Only443,
];

impl Nat {
    /// A word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FullCone => "full cone",
            Self::Restricted => "restricted",
            Self::PortRestricted => "port-restricted",
            Self::Symmetric => "symmetric",
            Self::NoUdp => "no UDP",
            Self::Only443 => "only TCP 443",
        }
    }

    const fn lets_udp_through(self) -> bool {
        !matches!(self, Self::NoUdp | Self::Only443)
    }

    /// Whether packets can go straight between hosts behind the two: a hole that one side makes
    /// has to fit what the other side sends from (RFC 4787 sections 4.1 and 5).
    pub const fn goes_straight(self, other: Self) -> bool {
        match (self, other) {
            _ if !self.lets_udp_through() || !other.lets_udp_through() => false,
            (Self::Symmetric, Self::Symmetric | Self::PortRestricted)
            | (Self::PortRestricted, Self::Symmetric) => false,
            _ => true,
        }
    }

    /// The rules of a box whose `eth0` is outside and whose `lan` leads to `inside`.
    fn rules(self, inside: &str) -> String {
        let ports = if self == Self::Symmetric {
            " random"
        } else {
            ""
        };
        let comes_in = match self {
            Self::FullCone | Self::Restricted => {
                format!("iifname eth0 meta l4proto udp dnat to {inside}")
            }
            // Not remembered: a packet that comes too early would take the port of the mapping.
            _ => "iifname eth0 meta l4proto udp ct state new drop".to_owned(),
        };
        let (hook, priority) = match self {
            Self::FullCone | Self::Restricted => ("nat", "dstnat"),
            _ => ("filter", "mangle"),
        };
        let passes = match self {
            Self::FullCone => "accept",
            Self::Restricted => "iifname eth0 ip saddr @written accept\niifname lan accept",
            Self::PortRestricted | Self::Symmetric => "iifname lan accept",
            Self::NoUdp => "iifname lan meta l4proto tcp accept",
            Self::Only443 => "iifname lan tcp dport 443 accept",
        };
        format!(
            "table ip translation {{
                set written {{ type ipv4_addr; flags dynamic,timeout; timeout 60s; }}
                chain leaving {{
                    type nat hook postrouting priority srcnat;
                    oifname eth0 masquerade{ports}
                }}
                chain coming {{
                    type {hook} hook prerouting priority {priority};
                    {comes_in}
                }}
                chain passing {{
                    type filter hook forward priority filter; policy drop;
                    iifname lan meta l4proto udp update @written {{ ip daddr }}
                    ct state established,related accept
                    {passes}
                }}
            }}"
        )
    }
}

/// The network inside every box.
const BOX: &str = "192.168.7.1";
const INSIDE: &str = "192.168.7.2";

impl Network {
    /// A host behind a box with this address outside, `ADDR/BITS`; the name of its namespace.
    ///
    /// # Panics
    /// As [`host`](Self::host), or when nft(8) is missing (`tools/setup.sh browser` installs it).
    pub fn host_behind(&mut self, nat: Nat, host: &str, address: &str) -> String {
        let outside = self.host(&format!("{host}n"), address);
        let inside = self.inner_host(host, &outside, BOX, INSIDE);
        self.filter(&outside, &nat.rules(INSIDE));
        inside
    }
}
