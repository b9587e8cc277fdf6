//! Presence among the devices of one user (RFC 6121 section 4).
//!
//! There are no contact lists: a device's presence goes back to itself and to
//! the user's other devices, as the official clients are used to.

use std::sync::Arc;

use visavis_xmpp::xml::Element;
use visavis_xmpp::{Jid, ns, stanza};

use super::delivery::Sender;
use super::directory::{Directory, Presence, Resource};

/// A longer presence is kept without its content, so that what the server
/// remembers of each device stays small.
const MAX_KEPT: usize = 4096;

/// Notes that a device is available and tells; a device that has just become
/// so is told of the others. `stamped` has the device's address and no `to`.
pub(super) fn available(directory: &Directory, sender: &Sender, stamped: &Arc<str>) {
    let kept = if stamped.len() <= MAX_KEPT {
        Arc::clone(stamped)
    } else {
        plain(&sender.jid, None).into()
    };
    let before = directory.change(sender.account, &sender.outbox, |resource| {
        resource.presence = Presence::Available(kept);
    });
    let Some(before) = before else {
        return;
    };
    sender.outbox.push(Arc::clone(stamped));
    let appeared = !matches!(before.presence, Presence::Available(_));
    for (device, other, presence) in others(directory, sender) {
        let told = stanza::stamp(stamped, &sender.jid, Some(&other));
        device.outbox.push(told.into());
        if appeared {
            let known = stanza::stamp(&presence, &other, Some(&sender.jid));
            sender.outbox.push(known.into());
        }
    }
}

/// Notes that a device is unavailable and tells the others.
pub(super) fn unavailable(directory: &Directory, sender: &Sender) {
    let before = directory.change(sender.account, &sender.outbox, |resource| {
        resource.presence = Presence::Unavailable;
    });
    if let Some(before) = before {
        gone(directory, sender, &before);
    }
}

/// Tells the others that a device has gone, if they thought it was there.
pub(super) fn gone(directory: &Directory, sender: &Sender, before: &Resource) {
    if !matches!(before.presence, Presence::Available(_)) {
        return;
    }
    for (device, other, _) in others(directory, sender) {
        let told = plain(&sender.jid, Some(("unavailable", &other)));
        device.outbox.push(told.into());
    }
}

/// The user's other available devices, with their addresses and presences.
fn others<'a>(
    directory: &Directory,
    sender: &'a Sender,
) -> impl Iterator<Item = (Resource, Jid, Arc<str>)> + 'a {
    directory
        .resources(sender.account)
        .into_iter()
        .filter(|device| !Arc::ptr_eq(&device.outbox, &sender.outbox))
        .filter_map(|device| {
            let Presence::Available(presence) = &device.presence else {
                return None;
            };
            let presence = Arc::clone(presence);
            let address = sender.jid.with_resource(&device.name).ok()?;
            Some((device, address, presence))
        })
}

fn plain(from: &Jid, told: Option<(&str, &Jid)>) -> String {
    let mut presence =
        Element::new(ns::CLIENT, "presence").with_attribute("from", &from.to_string());
    if let Some((kind, to)) = told {
        presence.set_attribute("to", &to.to_string());
        presence.set_attribute("type", kind);
    }
    presence.to_xml()
}
