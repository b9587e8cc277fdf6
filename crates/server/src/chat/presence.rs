//! Presence among the devices of one user and those of his contacts (RFC 6121
//! section 4).
//!
//! A device's presence goes back to itself, to the user's other devices, and
//! to the devices of those who may see him.

use std::sync::Arc;

use visavis_signal::UserId;
use visavis_xmpp::xml::{Element, Limits};
use visavis_xmpp::{Jid, ns, stanza};

use super::account::Account;
use super::delivery::Sender;
use super::directory::{Contacts, Directory, Presence, Resource};
use super::outbox::Outbox;

/// A longer presence is kept without its content, so that what the server
/// remembers of each device stays small.
const MAX_KEPT: usize = 4096;

/// Most strangers whom one device tells that it is there. Of more, the first
/// are not told that it has gone.
const MAX_DIRECTED: usize = 32;

/// Notes that a device is available and tells; a device that has just become
/// so is told of the others. `stamped` has the device's address and no `to`.
/// `true` comes back if what waits for the user is now for this device.
pub(super) fn available(directory: &Directory, sender: &Sender, stamped: &Arc<str>) -> bool {
    let aside = has_negative_priority(stamped);
    let kept = if stamped.len() <= MAX_KEPT {
        Arc::clone(stamped)
    } else {
        plain(&sender.jid, None).into()
    };
    let before = directory.change(sender.account, &sender.outbox, |resource| {
        resource.presence = if aside {
            Presence::Aside(kept)
        } else {
            Presence::Available(kept)
        };
    });
    let Some(before) = before else {
        return false;
    };
    sender.outbox.push(Arc::clone(stamped));
    let contacts = directory.contacts(sender.account);
    for (outbox, to) in audience(directory, sender, &contacts.seeing) {
        let told = stanza::stamp(stamped, &sender.jid, Some(&to));
        outbox.push(told.into());
    }
    if before.presence.available().is_none() {
        for device in devices(directory, sender, &contacts.seen) {
            let known = stanza::stamp(&device.presence, &device.jid, Some(&sender.jid));
            sender.outbox.push(known.into());
        }
    }
    !aside && !matches!(before.presence, Presence::Available(_))
}

/// Tells somebody of a device who does not see it otherwise, and remembers to
/// tell him when it goes (RFC 6121 section 4.6.3). A device that goes from one
/// of them alone is remembered no longer.
pub(super) fn directed(directory: &Directory, sender: &Sender, to: &Jid, gone: bool) {
    directory.change(sender.account, &sender.outbox, |resource| {
        let others = resource.directed.iter().filter(|known| *known != to);
        let mut directed: Vec<Jid> = others.cloned().collect();
        if !gone {
            directed.push(to.clone());
        }
        let forgotten = directed.len().saturating_sub(MAX_DIRECTED);
        resource.directed = directed.split_off(forgotten).into();
    });
}

/// Whether a presence says that its device wants nothing that is not for it
/// alone.
fn has_negative_priority(presence: &str) -> bool {
    let limits = Limits {
        max_bytes: presence.len(),
        ..Limits::default()
    };
    presence.contains("<priority")
        && Element::parse(presence, &limits).is_ok_and(|presence| {
            let priority = presence.child_ns(ns::CLIENT, "priority");
            let priority = priority.and_then(|priority| priority.text().trim().parse().ok());
            priority.is_some_and(|priority: i8| priority < 0)
        })
}

/// Notes that a device is unavailable and tells the others.
pub(super) fn unavailable(directory: &Directory, sender: &Sender) {
    let before = directory.change(sender.account, &sender.outbox, |resource| {
        resource.presence = Presence::Unavailable;
        resource.directed = Arc::default();
    });
    if let Some(before) = before {
        gone(
            directory,
            sender,
            &before,
            &directory.contacts(sender.account),
        );
    }
}

/// Tells the others that a device has gone, if they thought it was there.
pub(super) fn gone(directory: &Directory, sender: &Sender, before: &Resource, contacts: &Contacts) {
    for to in before.directed.iter() {
        let told: Arc<str> = plain(&sender.jid, Some(("unavailable", to))).into();
        for outbox in sender.reach(directory, to) {
            outbox.push(Arc::clone(&told));
        }
    }
    if before.presence.available().is_none() {
        return;
    }
    for (outbox, to) in audience(directory, sender, &contacts.seeing) {
        let told = plain(&sender.jid, Some(("unavailable", &to)));
        outbox.push(told.into());
    }
}

/// Tells one user of another whom he may see from now on, or no longer.
pub(super) fn show(directory: &Directory, domain: &Jid, who: Account, to: Account, visible: bool) {
    let Some(address) = to.address(domain) else {
        return;
    };
    let told = available_devices(directory, domain, who).map(|device| {
        if visible {
            stanza::stamp(&device.presence, &device.jid, Some(&address))
        } else {
            plain(&device.jid, Some(("unavailable", &address)))
        }
    });
    for told in told.map(Arc::<str>::from) {
        for resource in directory.resources(to) {
            if resource.presence.available().is_some() {
                resource.outbox.push(Arc::clone(&told));
            }
        }
    }
}

/// An available device of somebody.
struct Device {
    jid: Jid,
    outbox: Arc<Outbox>,
    presence: Arc<str>,
}

fn available_devices(
    directory: &Directory,
    domain: &Jid,
    account: Account,
) -> impl Iterator<Item = Device> {
    let address = account.address(domain);
    directory
        .resources(account)
        .into_iter()
        .filter_map(move |resource| {
            let presence = Arc::clone(resource.presence.available()?);
            Some(Device {
                jid: address.as_ref()?.with_resource(&resource.name).ok()?,
                outbox: resource.outbox,
                presence,
            })
        })
}

/// The user's other available devices and those of `users`.
fn devices(directory: &Directory, sender: &Sender, users: &[UserId]) -> Vec<Device> {
    let account = |user: &UserId| Account {
        user: *user,
        ..sender.account
    };
    let domain = sender.jid.server_of();
    [sender.account]
        .into_iter()
        .chain(users.iter().map(account))
        .flat_map(|account| available_devices(directory, &domain, account))
        .filter(|device| !Arc::ptr_eq(&device.outbox, &sender.outbox))
        .collect()
}

/// Who is told of a device, each with the address that it is told by: its
/// own for the user's devices, the user's for those of others.
fn audience(
    directory: &Directory,
    sender: &Sender,
    users: &[UserId],
) -> impl Iterator<Item = (Arc<Outbox>, Jid)> {
    let own = sender.jid.bare();
    devices(directory, sender, users)
        .into_iter()
        .map(move |device| {
            let is_own = device.jid.bare() == own;
            let to = if is_own {
                device.jid
            } else {
                device.jid.bare()
            };
            (device.outbox, to)
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
