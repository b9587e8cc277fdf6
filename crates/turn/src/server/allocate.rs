//! The Allocate method (RFC 8656 section 7).

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use stun_types::AddressFamily;
use stun_types::attribute::{AttributeStaticType, AttributeType, ErrorCode, XorMappedAddress};
use stun_types::message::{Message, MessageWriteExt};
use turn_types::attribute::{
    AdditionalAddressFamily, AddressErrorCode, EvenPort, Lifetime, RequestedAddressFamily,
    RequestedTransport, ReservationToken, XorRelayedAddress,
};

use crate::server::allocation::{Allocation, Peers, Relayed};
use crate::server::authentication::Authenticated;
use crate::server::output::{Family, Output, PortWish, RelayId};
use crate::server::refusal::Refusal;
use crate::server::relay::{Answer, Due, Relay, Socket};
use crate::server::request::{Asked, optional};
use crate::server::user::UserId;

/// What is understood. DONT-FRAGMENT is not: whoever asks for it is told so (RFC 8656 section 7.2).
pub(crate) const KNOWN: [AttributeType; 6] = [
    RequestedTransport::TYPE,
    Lifetime::TYPE,
    EvenPort::TYPE,
    ReservationToken::TYPE,
    RequestedAddressFamily::TYPE,
    AdditionalAddressFamily::TYPE,
];

/// How long a reserved port is kept (RFC 8656 section 7.2: at least 30 seconds).
const RESERVATION_LIFETIME: Duration = Duration::from_secs(30);

/// UDP as an IP protocol number.
const UDP: u8 = 17;

/// An Allocate request that waits for its sockets.
#[derive(Debug)]
pub(crate) struct Opening {
    asked: Asked,
    who: Authenticated,
    user: UserId,
    lifetime: Duration,
    sockets: [Option<(RelayId, Family)>; 2],
    relayed: [Option<Relayed>; 2],
    /// The socket for the port above.
    next: Option<RelayId>,
    refused: Option<Family>,
}

/// Where the relayed addresses are to come from.
#[derive(Clone, Copy)]
enum Wish {
    One(Family, Ports),
    Both,
    Reserved(u64),
}

#[derive(Clone, Copy)]
enum Ports {
    Any,
    Even,
    EvenAndNext,
}

impl Relay {
    pub(crate) fn allocate(
        &mut self,
        now: Duration,
        asked: &Asked,
        request: &Message<'_>,
        who: &Authenticated,
    ) -> Result<Option<Answer>, Refusal> {
        if let Some(allocation) = self.allocation_of(asked.client) {
            // The same request once more: its answer was lost.
            if allocation.transaction == asked.transaction {
                return Ok(Some(granted(allocation, asked, now)));
            }
            return Err(Refusal::AllocationMismatch);
        }
        let transport = request.attribute::<RequestedTransport>()?;
        if transport.protocol() != UDP {
            return Err(Refusal::TransportNotSupported);
        }
        let lifetime = self.lifetime(optional::<Lifetime>(request)?.as_ref());
        let wish = wish(request)?;
        self.check_capacity(wish)?;
        let user = self
            .users
            .enter(who.user(), now)
            .map_err(|_| Refusal::QuotaReached)?;
        let opening = Opening {
            asked: *asked,
            who: Authenticated {
                username: who.username.clone(),
                key: who.key.clone(),
            },
            user,
            lifetime,
            sockets: [None; 2],
            relayed: [None; 2],
            next: None,
            refused: None,
        };
        match wish {
            Wish::One(family, ports) => self.open_one(opening, family, ports),
            Wish::Both => self.open_both(opening),
            Wish::Reserved(token) => self.take_reserved(now, opening, token),
        }
        Ok(None)
    }

    /// At least the default, so that a client cannot make others' work by asking for little, and
    /// at most the longest (RFC 8656 section 7.2).
    pub(crate) fn lifetime(&self, asked: Option<&Lifetime>) -> Duration {
        let limits = &self.config.limits;
        match asked {
            None => limits.default_lifetime,
            Some(asked) => Duration::from_secs(asked.seconds().into())
                .min(limits.max_lifetime)
                .max(limits.default_lifetime),
        }
    }

    fn check_capacity(&self, wish: Wish) -> Result<(), Refusal> {
        let needed = match wish {
            Wish::One(family, _) if self.address(family).is_none() => {
                return Err(Refusal::FamilyNotSupported);
            }
            Wish::Both if self.address(Family::V4).is_none() => {
                return Err(Refusal::FamilyNotSupported);
            }
            Wish::Reserved(token) if !self.reserved.contains_key(&token) => {
                return Err(Refusal::Capacity);
            }
            Wish::Reserved(_) => 0,
            Wish::One(_, Ports::Any | Ports::Even) => 1,
            Wish::One(_, Ports::EvenAndNext) | Wish::Both => 2,
        };
        // The shell answers what was asked of it before it hands in the next request.
        if self.opening.is_some() || self.sockets.len() + needed > self.config.limits.allocations {
            return Err(Refusal::Capacity);
        }
        Ok(())
    }

    fn address(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.config.relay_v4.map(IpAddr::V4),
            Family::V6 => self.config.relay_v6.map(IpAddr::V6),
        }
    }

    fn open_one(&mut self, mut opening: Opening, family: Family, ports: Ports) {
        let relay = self.new_socket();
        let port = match ports {
            Ports::Any => PortWish::Any,
            Ports::Even => PortWish::Even,
            Ports::EvenAndNext => {
                let next = self.new_socket();
                opening.next = Some(next);
                PortWish::EvenAndNext(next)
            }
        };
        opening.sockets[0] = Some((relay, family));
        self.opening = Some(opening);
        self.ask_to_open(relay, family, port);
    }

    fn open_both(&mut self, mut opening: Opening) {
        let first = self.new_socket();
        opening.sockets[0] = Some((first, Family::V4));
        self.ask_to_open(first, Family::V4, PortWish::Any);
        if self.address(Family::V6).is_some() {
            let second = self.new_socket();
            opening.sockets[1] = Some((second, Family::V6));
            self.ask_to_open(second, Family::V6, PortWish::Any);
        } else {
            opening.refused = Some(Family::V6);
        }
        self.opening = Some(opening);
    }

    fn ask_to_open(&mut self, relay: RelayId, family: Family, port: PortWish) {
        self.waiting.push_back(Output::Open {
            relay,
            family,
            port,
        });
    }

    fn take_reserved(&mut self, now: Duration, mut opening: Opening, token: u64) {
        if let Some(id) = self.reserved.remove(&token)
            && let Socket::Reserved { address, end } = self.sockets[id.index()]
        {
            self.ends.remove(&(end, Due::Reservation(token)));
            opening.relayed[0] = Some(Relayed { id, address });
        }
        self.conclude(now, opening);
    }

    fn new_socket(&mut self) -> RelayId {
        let index = self.sockets.insert(Socket::Opening);
        RelayId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// A socket is open, or cannot be.
    pub(crate) fn opened(&mut self, now: Duration, relay: RelayId, port: Option<u16>) {
        let Some(mut opening) = self.opening.take() else {
            return;
        };
        let Some(place) =
            (0..2).find(|place| opening.sockets[*place].is_some_and(|(asked, _)| asked == relay))
        else {
            self.opening = Some(opening);
            return;
        };
        if let Some((_, family)) = opening.sockets[place].take() {
            match (port, self.address(family)) {
                (Some(port), Some(address)) => {
                    let address = SocketAddr::new(address, port);
                    opening.relayed[place] = Some(Relayed { id: relay, address });
                }
                _ => {
                    self.sockets.remove(relay.index());
                    opening.refused = Some(family);
                }
            }
        }
        if opening.sockets.iter().any(Option::is_some) {
            self.opening = Some(opening);
        } else {
            self.conclude(now, opening);
        }
    }

    /// All sockets are there that will be.
    fn conclude(&mut self, now: Duration, opening: Opening) {
        if opening.relayed.iter().all(Option::is_none) {
            if let Some(next) = opening.next {
                self.sockets.remove(next.index());
            }
            self.users.leave(opening.user);
            return self.refuse(&opening.asked, &Refusal::Capacity, &opening.who.key);
        }
        let token = opening
            .next
            .zip(opening.relayed[0])
            .map(|(next, below)| self.reserve(now, next, below.address));
        let expires = now.saturating_add(opening.lifetime);
        let index = self.allocations.insert(Allocation {
            client: opening.asked.client,
            user: opening.user,
            username: opening.who.username,
            key: opening.who.key,
            transaction: opening.asked.transaction,
            relayed: opening.relayed,
            token,
            refused: opening.refused,
            expires,
            peers: Peers::default(),
        });
        self.by_client.insert(opening.asked.client, index);
        self.ends.insert((expires, Due::Allocation(index)));
        for relayed in opening.relayed.into_iter().flatten() {
            self.sockets[relayed.id.index()] = Socket::Allocated(index);
            self.by_address.insert(relayed.address, relayed.id);
        }
        self.counters.allocations += 1;
        self.counters.granted += 1;
        let allocation = &self.allocations[index];
        let answer = granted(allocation, &opening.asked, now)
            .and_then(|answer| opening.asked.finish(answer, Some(&allocation.key)));
        self.reply(opening.asked.client, answer);
    }

    /// Keeps the port above for whoever has the token.
    fn reserve(&mut self, now: Duration, relay: RelayId, mut address: SocketAddr) -> u64 {
        address.set_port(address.port().saturating_add(1));
        let token = self.sealer.token();
        let end = now.saturating_add(RESERVATION_LIFETIME);
        self.sockets[relay.index()] = Socket::Reserved { address, end };
        self.reserved.insert(token, relay);
        self.ends.insert((end, Due::Reservation(token)));
        token
    }
}

fn wish(request: &Message<'_>) -> Result<Wish, Refusal> {
    let even = optional::<EvenPort>(request)?;
    let token = optional::<ReservationToken>(request)?;
    let additional = optional::<AdditionalAddressFamily>(request)?;
    let family = family(request)?;
    match (token, additional) {
        (Some(token), None) if even.is_none() && family.is_none() => {
            Ok(Wish::Reserved(token.token()))
        }
        (Some(_), _) => Err(Refusal::BadRequest),
        (None, Some(additional)) => {
            let next = even.is_some_and(|even| even.requested());
            if family.is_some() || next || additional.family() != AddressFamily::IPV6 {
                return Err(Refusal::BadRequest);
            }
            Ok(Wish::Both)
        }
        (None, None) => {
            let ports = match even {
                None => Ports::Any,
                Some(even) if even.requested() => Ports::EvenAndNext,
                Some(_) => Ports::Even,
            };
            Ok(Wish::One(family.unwrap_or(Family::V4), ports))
        }
    }
}

/// The family that a request names. One that does not exist is not supported (RFC 8656 section
/// 7.2).
pub(crate) fn family(request: &Message<'_>) -> Result<Option<Family>, Refusal> {
    let Some(raw) = request.raw_attribute(RequestedAddressFamily::TYPE) else {
        return Ok(None);
    };
    match *raw.value {
        [1, _, _, _] => Ok(Some(Family::V4)),
        [2, _, _, _] => Ok(Some(Family::V6)),
        [_, _, _, _] => Err(Refusal::FamilyNotSupported),
        _ => Err(Refusal::BadRequest),
    }
}

/// The answer to the request that made the allocation.
fn granted(allocation: &Allocation, asked: &Asked, now: Duration) -> Answer {
    let mut answer = asked.success();
    let id = asked.transaction;
    for relayed in allocation.relayed.into_iter().flatten() {
        answer.add_attribute(&XorRelayedAddress::new(relayed.address, id))?;
    }
    if let Some(family) = allocation.refused {
        let family = match family {
            Family::V4 => AddressFamily::IPV4,
            Family::V6 => AddressFamily::IPV6,
        };
        let error = ErrorCode::new(ErrorCode::ADDRESS_FAMILY_NOT_SUPPORTED, "Not Supported")?;
        answer.add_attribute(&AddressErrorCode::new(family, error))?;
    }
    answer.add_attribute(&XorMappedAddress::new(allocation.client.address, id))?;
    let left = allocation.expires.saturating_sub(now).as_secs();
    answer.add_attribute(&Lifetime::new(u32::try_from(left).unwrap_or(u32::MAX)))?;
    if let Some(token) = allocation.token {
        answer.add_attribute(&ReservationToken::new(token))?;
    }
    Ok(answer)
}
