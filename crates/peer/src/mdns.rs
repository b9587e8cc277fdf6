//! Names in place of addresses: browsers hide those of their machine behind random `.local` names,
//! which only their own network can resolve (draft-ietf-mmusic-mdns-ice-candidates).
//!
//! Questions in multicast DNS, from a port of its own, to which answers come straight (RFC 6762
//! sections 5.1 and 6.7). Chromium answers the whole group and nobody alone, so that is listened to as
//! well, and each kind of address is asked for in a message of its own, since not every responder
//! reads a second question. Nothing is ever answered here, and nothing waits for an answer: without one the other side is found by
//! the checks that it sends itself.

use std::future::pending;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Where everybody listens (RFC 6762 section 3).
const GROUPS: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 251)), 5353),
    SocketAddr::new(
        IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb)),
        5353,
    ),
];
/// How long each question waits for an answer.
const WAITS: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];
const LONGEST_ANSWER: usize = 1500;
/// The longest name, and the longest part of one (RFC 1035 section 2.3.4).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;
const HEADER: usize = 12;
const A: u16 = 1;
const AAAA: u16 = 28;
const INTERNET: u16 = 1;
/// The class's top bit says that other records of the name are void (RFC 6762 section 10.2).
const CLASS: u16 = 0x7fff;

/// Whether a name is one for multicast DNS.
pub(crate) fn is_local(name: &str) -> bool {
    name.ends_with(".local") && name.len() <= LONGEST_NAME
}

/// The address behind a name; `None` when nobody says.
pub(crate) async fn resolve(name: &str) -> Option<IpAddr> {
    let questions = [question(name, A)?, question(name, AAAA)?];
    let mut asking = JoinSet::new();
    for group in GROUPS {
        asking.spawn(ask(group, questions.clone(), name.to_owned()));
    }
    while let Some(answer) = asking.join_next().await {
        if let Ok(Some(address)) = answer {
            return Some(address);
        }
    }
    None
}

async fn ask(group: SocketAddr, questions: [Vec<u8>; 2], name: String) -> Option<IpAddr> {
    let any: IpAddr = if group.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let socket = UdpSocket::bind((any, 0)).await.ok()?;
    let listener = listener(group).ok();
    let mut packet = [0; LONGEST_ANSWER];
    let mut to_all = [0; LONGEST_ANSWER];
    for wait in WAITS {
        for question in &questions {
            socket.send_to(question, group).await.ok()?;
        }
        let answer = async {
            loop {
                let message = tokio::select! {
                    length = socket.recv(&mut packet) => &packet[..length.ok()?],
                    length = heard(listener.as_ref(), &mut to_all) => &to_all[..length.ok()?],
                };
                if let Some(address) = answer(message, &name) {
                    return Some(address);
                }
            }
        };
        if let Ok(answer) = timeout(wait, answer).await {
            return answer;
        }
    }
    None
}

/// Hears what is said to the whole group. Only over IPv4: a group of IPv6 belongs to one interface.
///
/// Bound to the group and not to every address: otherwise what others ask the machine's own
/// responder could end here.
fn listener(group: SocketAddr) -> io::Result<UdpSocket> {
    let IpAddr::V4(joined) = group.ip() else {
        return Err(io::ErrorKind::Unsupported.into());
    };
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&group.into())?;
    socket.join_multicast_v4(&joined, &Ipv4Addr::UNSPECIFIED)?;
    UdpSocket::from_std(socket.into())
}

async fn heard(listener: Option<&UdpSocket>, packet: &mut [u8]) -> io::Result<usize> {
    match listener {
        Some(listener) => listener.recv(packet).await,
        None => pending().await,
    }
}

/// A message that asks for one kind of address.
fn question(name: &str, kind: u16) -> Option<Vec<u8>> {
    let mut message = vec![0; HEADER];
    message[5] = 1;
    for label in name.split('.') {
        if label.is_empty() || label.len() > LONGEST_LABEL {
            return None;
        }
        message.push(label.len() as u8);
        message.extend(label.as_bytes());
    }
    message.push(0);
    message.extend(kind.to_be_bytes());
    message.extend(INTERNET.to_be_bytes());
    Some(message)
}

/// The first address of the name in an answer.
fn answer(message: &[u8], name: &str) -> Option<IpAddr> {
    let mut reader = Reader { message, at: 4 };
    if message.get(2)? & 0x80 == 0 {
        return None;
    }
    let counts = [
        reader.number()?,
        reader.number()?,
        reader.number()?,
        reader.number()?,
    ];
    for _ in 0..counts[0] {
        reader.name()?;
        reader.skip(4)?;
    }
    let records = u32::from(counts[1]) + u32::from(counts[2]) + u32::from(counts[3]);
    for _ in 0..records {
        let owner = reader.name()?;
        let (kind, class) = (reader.number()?, reader.number()?);
        reader.skip(4)?;
        let length = usize::from(reader.number()?);
        let data = reader.skip(length)?;
        if class & CLASS != INTERNET || !owner.eq_ignore_ascii_case(name) {
            continue;
        }
        match kind {
            A => return Some(IpAddr::from(<[u8; 4]>::try_from(data).ok()?)),
            AAAA => return Some(IpAddr::from(<[u8; 16]>::try_from(data).ok()?)),
            _ => {}
        }
    }
    None
}

struct Reader<'m> {
    message: &'m [u8],
    at: usize,
}

impl<'m> Reader<'m> {
    fn skip(&mut self, length: usize) -> Option<&'m [u8]> {
        let skipped = self.message.get(self.at..self.at + length)?;
        self.at += length;
        Some(skipped)
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.skip(2)?.try_into().ok()?))
    }

    /// A name, which may go on elsewhere (RFC 1035 section 4.1.4): only further ahead, so that it
    /// ends.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        let mut at = self.at;
        let mut end = None;
        loop {
            let length = usize::from(*self.message.get(at)?);
            match length {
                0 => break,
                1..=LONGEST_LABEL => {
                    let label = self.message.get(at + 1..at + 1 + length)?;
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.push_str(std::str::from_utf8(label).ok()?);
                    if name.len() > LONGEST_NAME {
                        return None;
                    }
                    at += 1 + length;
                }
                0xc0.. => {
                    let low = usize::from(*self.message.get(at + 1)?);
                    let target = (length & 0x3f) << 8 | low;
                    end.get_or_insert(at + 2);
                    if target >= at {
                        return None;
                    }
                    at = target;
                }
                _ => return None,
            }
        }
        self.at = end.unwrap_or(at + 1);
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::net::SocketAddr;
    use std::process::Command;

    use tokio::runtime::Builder;

    use super::{
        A, AAAA, CLASS, GROUPS, INTERNET, LONGEST_ANSWER, answer, is_local, listener, question,
        resolve,
    };

    const NAME: &str = "0b0c7c5d-7a5c-4e0a-8b0c-6c0a0c0a0c0a.local";

    /// An answer as responders give it: the question again, and records whose names lead back to
    /// it.
    fn response(records: &[(u16, &[u8])]) -> Vec<u8> {
        let mut message = question(NAME, A).unwrap();
        message[2] = 0x84;
        message[7] = records.len() as u8;
        for (kind, data) in records {
            message.extend([0xc0, 12]);
            message.extend(kind.to_be_bytes());
            message.extend((INTERNET | !CLASS).to_be_bytes());
            message.extend([0, 0, 0, 120, 0, data.len() as u8]);
            message.extend(*data);
        }
        message
    }

    #[test]
    fn the_address_of_the_name_is_found() {
        let v4 = response(&[(16, b"text"), (A, &[192, 0, 2, 7])]);
        assert_eq!(
            answer(&v4, &NAME.to_uppercase()),
            Some([192, 0, 2, 7].into())
        );
        let v6 = response(&[(AAAA, &[9; 16])]);
        assert_eq!(answer(&v6, NAME), Some([9; 16].into()));
        assert_eq!(answer(&v6, "other.local"), None);
        assert_eq!(answer(&question(NAME, A).unwrap(), NAME), None);
        assert_eq!(answer(&response(&[(A, b"12345")]), NAME), None);
    }

    #[test]
    fn cut_and_looping_answers_end() {
        let whole = response(&[(A, &[192, 0, 2, 7])]);
        for length in 0..whole.len() {
            assert_eq!(answer(&whole[..length], NAME), None);
        }
        for at in 12..whole.len() {
            let mut looping = whole.clone();
            looping[at..].fill(0xc0);
            answer(&looping, NAME);
        }
    }

    #[test]
    fn names_are_told_apart() {
        assert!(is_local(NAME));
        assert!(!is_local("example.org") && !is_local("192.0.2.1"));
        assert_eq!(question("..local", A), None);
        assert_eq!(question(&format!("{}.local", "x".repeat(64)), A), None);
    }

    /// Runs one of the tests below in a network where only loopback is, and it carries multicast.
    fn isolated(test: &str) {
        let script = "ip link set lo up multicast on && \
                      ip route add 224.0.0.0/4 dev lo src 127.0.0.1 && \
                      exec \"$0\" --ignored --exact --nocapture \"$1\"";
        let output = Command::new("unshare")
            .args(["--user", "--map-root-user", "--net", "sh", "-c", script])
            .arg(std::env::current_exe().unwrap())
            .arg(format!("mdns::tests::{test}"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}{complaint}"
        );
    }

    /// What is found when somebody in the group answers each question to the one who asked, or to
    /// the whole group; and for a name that nobody has.
    fn found(to_group: bool, name: &str) -> Option<std::net::IpAddr> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let group = GROUPS[0];
            let responder = listener(group).unwrap();
            tokio::spawn(async move {
                let mut packet = [0; LONGEST_ANSWER];
                loop {
                    let (length, asker) = responder.recv_from(&mut packet).await.unwrap();
                    if packet[..length] == question(NAME, A).unwrap() {
                        let target: SocketAddr = if to_group { group } else { asker };
                        let message = response(&[(A, &[192, 0, 2, 7])]);
                        responder.send_to(&message, target).await.unwrap();
                    }
                }
            });
            resolve(name).await
        })
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn names_are_resolved_through_sockets() {
        isolated("one_who_answers_the_asker_is_heard");
        isolated("one_who_answers_the_group_is_heard");
        isolated("a_name_that_nobody_has_is_not_found");
    }

    #[test]
    #[ignore = "needs a network of its own"]
    fn one_who_answers_the_asker_is_heard() {
        assert_eq!(found(false, NAME), Some([192, 0, 2, 7].into()));
    }

    #[test]
    #[ignore = "needs a network of its own"]
    fn one_who_answers_the_group_is_heard() {
        assert_eq!(found(true, NAME), Some([192, 0, 2, 7].into()));
    }

    #[test]
    #[ignore = "needs a network of its own"]
    fn a_name_that_nobody_has_is_not_found() {
        assert_eq!(found(true, "nobody.local"), None);
    }
}
