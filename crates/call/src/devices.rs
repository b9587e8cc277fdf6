//! Which device of a peer is in the call, and which signals are its.
//!
//! Chat gives a device another name whenever it connects anew, so our own clients name theirs
//! themselves. Of a client of the documented system one has only what chat says: whatever does not
//! come from a device that was turned away is taken for its.

use alloc::sync::Arc;

use visavis_signal::{Body, Signal, UserId};

use crate::invitation::Invitation;
use crate::peer::Peer;
use crate::step::Step;
use crate::{Address, reason};

/// How many devices of one user are remembered as turned away; more ring nowhere.
const REFUSED_DEVICES_AT_MOST: usize = 16;

/// Who sent a signal.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    /// As the server vouches.
    pub(crate) address: Address,
    /// As the device itself says.
    pub(crate) device: Option<Arc<str>>,
}

impl Sender {
    pub(crate) fn of(address: Address, signal: &Signal) -> Self {
        let device = signal.device.clone();
        Self { address, device }
    }

    pub(crate) const fn user(&self) -> UserId {
        self.address.user
    }
}

impl Peer {
    /// The device with his first description is the one that is in the call.
    pub(crate) fn settle_on(&mut self, from: &Sender) {
        self.address = from.address.clone();
        self.device.clone_from(&from.device);
        self.is_known = true;
    }

    /// Whether a signal comes from the device that is in the call.
    fn is_from(&self, from: &Sender) -> bool {
        match (&self.device, &from.device) {
            (Some(his), Some(device)) => his == device,
            (Some(_), None) => self.address.resource == from.address.resource,
            (None, Some(_)) => false,
            (None, None) => !self.is_refused(&from.address),
        }
    }

    /// Whether a description comes from the device that is in the call, and not from another one
    /// that wants to be.
    pub(crate) fn is_described_by(&self, from: &Sender) -> bool {
        match (&self.device, &from.device) {
            (Some(his), Some(device)) => his == device,
            _ => self.address.resource == from.address.resource,
        }
    }

    /// Whether a signal counts, now that one device of his is in the call. If it does, signals to
    /// him go where it comes from.
    pub(crate) fn follow(&mut self, from: &Sender) -> bool {
        let his = self.is_from(from);
        if his && from.address.resource.is_some() {
            self.address = from.address.clone();
        }
        his
    }

    /// One device of his has the call, and another one wanted it, too: it is told that it is too
    /// late, and what it says does not count from here on.
    pub(crate) fn refuse_device(&mut self, call: &Invitation, step: &mut Step<'_>, from: &Sender) {
        if let Some(resource) = &from.address.resource
            && !self.is_refused(&from.address)
            && self.refused.len() < REFUSED_DEVICES_AT_MOST
        {
            self.refused.push(resource.clone());
        }
        let why = reason::user_info(reason::ACCEPTED_ELSEWHERE);
        let refusal = self.signal(call, step, Body::HangUp, why);
        step.send(from.address.clone(), refusal);
    }

    fn is_refused(&self, address: &Address) -> bool {
        let resource = address.resource.as_ref();
        resource.is_some_and(|resource| self.refused.contains(resource))
    }

    /// Whether his client is told which device speaks: all but those that are known not to care.
    pub(crate) const fn is_told_devices(&self) -> bool {
        self.device.is_some() || !self.is_known
    }
}
