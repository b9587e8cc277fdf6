//! A strict address translator in user space: every destination sees another address, and nobody
//! else gets in.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;

use tokio::net::UdpSocket;

/// Where the outside is seen from inside; there the same ports are on 127.0.0.1.
pub(crate) const INSIDE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Ports, each with what becomes of a datagram to it.
pub(crate) struct StrictNat;

impl StrictNat {
    /// Translates what goes to these ports of [`INSIDE`].
    pub(crate) async fn on(stun: u16, relayed: RangeInclusive<u16>) -> Self {
        for port in relayed.chain([stun]) {
            let inside = UdpSocket::bind((INSIDE, port)).await.unwrap();
            let outside = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            tokio::spawn(translate(Arc::new(inside), outside));
        }
        Self
    }
}

/// One destination, with a socket outside for everybody inside.
async fn translate(inside: Arc<UdpSocket>, outside: SocketAddr) {
    let mut mappings: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    let mut packet = [0; 2000];
    while let Ok((length, from)) = inside.recv_from(&mut packet).await {
        let mapping = match mappings.get(&from) {
            Some(mapping) => Arc::clone(mapping),
            None => {
                let mapping = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                // Whoever else sends to it is refused.
                mapping.connect(outside).await.unwrap();
                let mapping = Arc::new(mapping);
                mappings.insert(from, Arc::clone(&mapping));
                tokio::spawn(back(Arc::clone(&mapping), Arc::clone(&inside), from));
                mapping
            }
        };
        // A datagram may get lost.
        let _ = mapping.send(&packet[..length]).await;
    }
}

async fn back(mapping: Arc<UdpSocket>, inside: Arc<UdpSocket>, to: SocketAddr) {
    let mut packet = [0; 2000];
    loop {
        // A refused datagram is reported as an error, and the next one is awaited.
        if let Ok(length) = mapping.recv(&mut packet).await {
            let _ = inside.send_to(&packet[..length], to).await;
        }
    }
}
