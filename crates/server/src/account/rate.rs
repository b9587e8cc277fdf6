//! How many requests one address may send.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::ApiError;
use crate::accept::Peer;
use crate::throttle::Throttle;
use crate::visitors::household;

/// Addresses remembered before those are looked for that may be forgotten.
const REMEMBERED: usize = 4096;

/// What each address has asked lately.
#[derive(Debug)]
pub(super) struct Rates {
    per_second: u32,
    asked: Mutex<Asked>,
}

#[derive(Debug, Default)]
struct Asked {
    throttles: HashMap<IpAddr, Throttle>,
    /// How many there may be before the next look.
    room: usize,
}

impl Rates {
    /// So many requests a second of each address, twice as many at once.
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            per_second,
            asked: Mutex::default(),
        }
    }

    /// Takes one request, or says how long to wait with it.
    fn take(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let Asked { throttles, room } = &mut *asked;
        if throttles.len() > *room {
            throttles.retain(|_, throttle| !throttle.is_full(now));
            // Looking costs as much as there is: only after as many have come again.
            *room = (2 * throttles.len()).max(REMEMBERED);
        }
        throttles
            .entry(household(address))
            .or_insert_with(|| Throttle::new(self.per_second, now))
            .try_take(now)
    }
}

/// Turns away whoever asks too much.
pub(super) async fn bound(
    State(rates): State<Arc<Rates>>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    match rates.take(peer.address.ip(), Instant::now()) {
        Ok(()) => next.run(request).await,
        Err(wait) => ApiError::TooMany(wait).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn each_address_has_its_own_rate() {
        let (rates, now) = (Rates::new(10), Instant::now());
        let address = |last| IpAddr::from(Ipv4Addr::new(192, 0, 2, last));
        for _ in 0..20 {
            assert_eq!(rates.take(address(1), now), Ok(()));
        }
        assert_eq!(rates.take(address(1), now), Err(Duration::from_millis(100)));
        assert_eq!(rates.take(address(2), now), Ok(()));
        let later = now + Duration::from_millis(100);
        assert_eq!(rates.take(address(1), later), Ok(()));
        assert!(rates.take(address(1), later).is_err());
    }

    #[test]
    fn who_asks_no_more_is_forgotten() {
        let (rates, now) = (Rates::new(10), Instant::now());
        for host in 0..u32::try_from(3 * REMEMBERED).unwrap_or_default() {
            let later = now + Duration::from_secs(1) * host;
            assert_eq!(rates.take(Ipv4Addr::from(host).into(), later), Ok(()));
        }
        let asked = rates.asked.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(asked.throttles.len() <= REMEMBERED + 1);
    }
}
