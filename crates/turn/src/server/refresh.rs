//! The Refresh method (RFC 8656 section 8; for one family of two, section 8.2).

use core::time::Duration;

use stun_types::attribute::{AttributeStaticType, AttributeType};
use stun_types::message::{Message, MessageWriteExt};
use turn_types::attribute::{Lifetime, RequestedAddressFamily};

use crate::server::allocate::family;
use crate::server::output::Family;
use crate::server::refusal::Refusal;
use crate::server::relay::{Answer, Due, Relay};
use crate::server::request::{Asked, optional};

pub(crate) const KNOWN: [AttributeType; 2] = [Lifetime::TYPE, RequestedAddressFamily::TYPE];

impl Relay {
    pub(crate) fn refresh(
        &mut self,
        now: Duration,
        index: usize,
        asked: &Asked,
        request: &Message<'_>,
    ) -> Result<Answer, Refusal> {
        let lifetime = optional::<Lifetime>(request)?;
        let family = family(request)?;
        if family.is_some_and(|family| self.allocations[index].relayed(family).is_none()) {
            return Err(Refusal::PeerFamilyMismatch);
        }
        if lifetime.as_ref().is_some_and(|asked| asked.seconds() == 0) {
            self.give_up(index, family);
            return Ok(answer(asked, Duration::ZERO));
        }
        let lifetime = self.lifetime(lifetime.as_ref());
        let allocation = &mut self.allocations[index];
        self.ends
            .remove(&(allocation.expires, Due::Allocation(index)));
        allocation.expires = now.saturating_add(lifetime);
        self.ends
            .insert((allocation.expires, Due::Allocation(index)));
        Ok(answer(asked, lifetime))
    }

    /// Ends the allocation, or the one of its two addresses that is named.
    fn give_up(&mut self, index: usize, family: Option<Family>) {
        let allocation = &mut self.allocations[index];
        let stays = allocation
            .relayed
            .iter()
            .flatten()
            .any(|relayed| family.is_some_and(|family| Family::of(&relayed.address) != family));
        if !stays {
            return self.remove(index);
        }
        let given_up = allocation
            .relayed
            .iter_mut()
            .find(|place| place.is_some_and(|own| Some(Family::of(&own.address)) == family))
            .and_then(Option::take);
        if let Some(relayed) = given_up {
            self.by_address.remove(&relayed.address);
            self.close(relayed.id);
        }
    }
}

fn answer(asked: &Asked, lifetime: Duration) -> Answer {
    let seconds = u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX);
    let mut answer = asked.success();
    answer.add_attribute(&Lifetime::new(seconds))?;
    Ok(answer)
}
