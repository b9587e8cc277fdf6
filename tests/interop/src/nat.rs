//! Boxes between a host and its network that translate addresses or let little through, with
//! nftables (nft(8)).

use std::fmt;

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
    const fn goes_straight(self, other: Self) -> bool {
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

/// What a box does to IPv6, which is never translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firewall {
    /// Everything comes in.
    Open,
    /// What was written to comes in, from the port that was written to (RFC 6092 section 3, at its
    /// strictest).
    Closed,
    /// As closed, and no UDP.
    NoUdp,
}

/// Every kind.
pub const FIREWALLS: [Firewall; 3] = [Firewall::Open, Firewall::Closed, Firewall::NoUdp];

impl Firewall {
    /// A word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::NoUdp => "no UDP",
        }
    }

    const fn rules(self) -> &'static str {
        match self {
            Self::Open => "accept",
            Self::Closed => "iifname lan accept",
            Self::NoUdp => "iifname lan meta l4proto tcp accept",
        }
    }
}

/// What somebody has of the network, by family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// What is between him and IPv4, if he has that.
    pub v4: Option<Nat>,
    /// What is between him and IPv6, if he has that.
    pub v6: Option<Firewall>,
}

impl Line {
    /// IPv4 alone.
    pub const fn v4(nat: Nat) -> Self {
        Self {
            v4: Some(nat),
            v6: None,
        }
    }

    /// IPv6 alone.
    pub const fn v6(firewall: Firewall) -> Self {
        Self {
            v4: None,
            v6: Some(firewall),
        }
    }

    /// Both.
    pub const fn dual(nat: Nat, firewall: Firewall) -> Self {
        Self {
            v4: Some(nat),
            v6: Some(firewall),
        }
    }

    /// Whether packets can go straight between the two: in one of the families.
    pub fn goes_straight(self, other: Self) -> bool {
        let v4 = self.v4.zip(other.v4);
        let v6 = self.v6.zip(other.v6);
        v4.is_some_and(|(one, other)| one.goes_straight(other))
            || v6.is_some_and(|pair| pair.0 != Firewall::NoUdp && pair.1 != Firewall::NoUdp)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.v4, self.v6) {
            (Some(nat), None) => f.write_str(nat.name()),
            (None, Some(firewall)) => write!(f, "only IPv6, {}", firewall.name()),
            (Some(nat), Some(firewall)) => {
                write!(f, "{}; IPv6 {}", nat.name(), firewall.name())
            }
            (None, None) => f.write_str("nothing"),
        }
    }
}

/// The network inside every box.
const BOX: &str = "192.168.7.1";
const INSIDE: &str = "192.168.7.2";
/// The same in IPv6, where the host inside has an address of the network outside.
const BOX_V6: &str = "fe80::1";

impl Network {
    /// A host behind a box; the name of its namespace. As far as its line goes the box has these
    /// addresses outside, and the host the IPv6 address that has one more digit.
    ///
    /// # Panics
    /// As [`host`](Self::host), or when nft(8) is missing (`tools/setup.sh browser` installs it).
    pub fn host_behind(&mut self, line: Line, host: &str, v4: &str, v6: &str) -> String {
        let outside = self.host(&format!("{host}n"), &[]);
        let inside = self.inner_host(host, &outside);
        if let Some(nat) = line.v4 {
            self.add_address(&outside, "eth0", &format!("{v4}/24"));
            self.add_address(&outside, "lan", &format!("{BOX}/24"));
            self.add_address(&inside, "eth0", &format!("{INSIDE}/24"));
            self.add_route(&inside, &["default", "via", BOX]);
            self.forward(&outside, "echo 1 > /proc/sys/net/ipv4/ip_forward");
            self.filter(&outside, &nat.rules(INSIDE));
        }
        if let Some(firewall) = line.v6 {
            let own = format!("{v6}2");
            self.add_address(&outside, "eth0", &format!("{v6}/64"));
            self.add_address(&outside, "lan", &format!("{BOX_V6}/64"));
            self.add_address(&inside, "eth0", &format!("{own}/128"));
            self.add_route(&inside, &["default", "via", BOX_V6, "dev", "eth0"]);
            self.add_route(&outside, &[&own, "dev", "lan"]);
            self.answer_for(&outside, &own);
            let forward = "cd /proc/sys/net/ipv6 && echo 1 > conf/all/forwarding";
            self.forward(&outside, forward);
            let passes = firewall.rules();
            self.filter(
                &outside,
                &format!(
                    "table ip6 firewall {{
                        chain passing {{
                            type filter hook forward priority filter; policy drop;
                            ct state established,related accept
                            {passes}
                        }}
                    }}"
                ),
            );
        }
        inside
    }
}
