//! What goes into an outbox comes out of an inbox.
#![allow(clippy::unwrap_used)]

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;

use visavis_datagrams::{BATCH, Family, Inbox, Outbox, Parcel};

fn socket(address: &str) -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn received(inbox: &Inbox<u8>) -> Vec<(u8, SocketAddr, String)> {
    let text = |data: &[u8]| String::from_utf8(data.to_vec()).unwrap();
    inbox
        .arrivals()
        .map(|arrival| (arrival.mark, arrival.from, text(arrival.data)))
        .collect()
}

#[test]
fn both_families_take_turns_in_one_inbox() {
    let (mut inbox, mut outbox) = (Inbox::default(), Outbox::default());
    let pairs = [("127.0.0.1:0", Family::V4), ("[::1]:0", Family::V6)];
    for _ in 0..2 {
        inbox.clear();
        let mut expected = Vec::new();
        for (mark, (address, family)) in (0..).zip(pairs) {
            let ((from, sender), (to, receiver)) = (socket(address), socket(address));
            let parcels = [["a", "", "b"], ["", "", ""], ["c", "d", "e"]].map(|parts| Parcel {
                to: Some(receiver),
                parts: parts.map(str::as_bytes),
            });
            assert_eq!(outbox.send(from.as_fd(), parcels.into_iter()), 0);
            assert_eq!(inbox.receive(to.as_fd(), family, BATCH, mark).unwrap(), 3);
            let empty = inbox.receive(to.as_fd(), family, BATCH, mark).unwrap_err();
            assert_eq!(empty.kind(), std::io::ErrorKind::WouldBlock);
            expected.extend(["ab", "", "cde"].map(|text| (mark, sender, text.to_owned())));
        }
        assert_eq!(received(&inbox), expected);
    }
}

#[test]
fn what_does_not_fit_waits_for_the_next_batch() {
    let (mut inbox, mut outbox) = (Inbox::default(), Outbox::default());
    let ((from, _), (to, receiver)) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    from.connect(receiver).unwrap();
    let numbers: Vec<[u8; 1]> = (0..100).map(|number| [number]).collect();
    let parcel = |number: &'static [u8]| Parcel {
        to: None,
        parts: [number, &[], &[]],
    };
    let numbers: &'static [[u8; 1]] = numbers.leak();
    let parcels = numbers.iter().map(|number| parcel(number));
    assert_eq!(outbox.send(from.as_fd(), parcels), 0);
    let mut seen = Vec::new();
    for (most, wanted) in [(3, 3), (60, 60), (9, 1)] {
        assert_eq!(
            inbox.receive(to.as_fd(), Family::V4, most, ()).unwrap(),
            wanted
        );
    }
    assert_eq!(inbox.room(), 0);
    for wanted in [64, 36] {
        if inbox.room() == 0 && wanted == 36 {
            inbox.clear();
            assert_eq!(
                inbox.receive(to.as_fd(), Family::V4, BATCH, ()).unwrap(),
                wanted
            );
        }
        seen.extend(inbox.arrivals().map(|arrival| arrival.data[0]));
    }
    assert_eq!(seen, (0..100).collect::<Vec<u8>>());
}

#[test]
fn one_that_cannot_be_sent_keeps_no_other_back() {
    let mut inbox = Inbox::default();
    let ((from, _), (to, receiver)) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    let too_long = vec![0; 70_000];
    let parcels = [&b"1"[..], &too_long, b"2", &too_long].map(|data| Parcel {
        to: Some(receiver),
        parts: [data, &[], &[]],
    });
    assert_eq!(Outbox::default().send(from.as_fd(), parcels.into_iter()), 2);
    assert_eq!(inbox.receive(to.as_fd(), Family::V4, 9, 7).unwrap(), 2);
    let texts: Vec<String> = received(&inbox)
        .into_iter()
        .map(|(.., text)| text)
        .collect();
    assert_eq!(texts, ["1", "2"]);
}

#[test]
fn a_batch_takes_no_memory() {
    let (mut inbox, mut outbox) = (Inbox::default(), Outbox::default());
    let ((from, _), (to, receiver)) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    let memory = allocation_counter::measure(|| {
        for count in [1, 2, 40, 64] {
            inbox.clear();
            let parcels = (0..count).map(|_| Parcel {
                to: Some(receiver),
                parts: [&[1; 100], &[2; 1000], &[]],
            });
            assert_eq!(outbox.send(from.as_fd(), parcels), 0);
            assert_eq!(
                inbox.receive(to.as_fd(), Family::V4, BATCH, ()).unwrap(),
                count
            );
            let bytes: usize = inbox.arrivals().map(|arrival| arrival.data.len()).sum();
            assert_eq!(bytes, 1100 * count);
        }
    });
    assert_eq!(memory.count_total, 0);
}

#[test]
fn datagrams_that_the_system_cuts_are_as_they_were() {
    let (mut inbox, mut outbox) = (Inbox::default(), Outbox::default());
    let (from, _) = socket("127.0.0.1:0");
    let receivers = [socket("127.0.0.1:0"), socket("127.0.0.1:0")];
    // Runs of one length with a shorter end, a longer one after it, empty ones, one alone; for two.
    let lengths = [
        100, 100, 40, 100, 300, 300, 0, 0, 7, 7, 7, 20_000, 20_000, 20_000, 20_000, 5,
    ];
    for order in [[0, 0, 0, 0], [0, 0, 1, 1], [0, 1, 0, 1]] {
        let sent: Vec<(usize, Vec<u8>)> = (0_u8..)
            .zip(lengths)
            .map(|(number, length)| (order[usize::from(number) % 4], vec![number; length]))
            .collect();
        let parcels = sent.iter().map(|(to, data)| Parcel {
            to: Some(receivers[*to].1),
            parts: [&data[..data.len() / 3], &[], &data[data.len() / 3..]],
        });
        assert_eq!(outbox.send(from.as_fd(), parcels), 0);
        for (at, (receiver, _)) in receivers.iter().enumerate() {
            inbox.clear();
            // There may be none for the second one.
            let _ = inbox.receive(receiver.as_fd(), Family::V4, BATCH, ());
            let wanted: Vec<&[u8]> = sent
                .iter()
                .filter(|(to, _)| *to == at)
                .map(|(_, data)| &data[..])
                .collect();
            let seen: Vec<&[u8]> = inbox.arrivals().map(|arrival| arrival.data).collect();
            assert_eq!(seen, wanted, "{order:?}");
        }
    }
}
