//! The messages that are routed, and what is read from them when they arrive.
//!
//! The body begins with four numbers in hexadecimal digits: which way it goes,
//! which one it is on this way, when it was meant to be sent, and a checksum
//! over all the rest. Letters fill it up.

use std::ops::Range;

/// Digits of the way, the number, the time and the checksum.
const WAY: Range<usize> = 0..8;
const NUMBER: Range<usize> = 8..24;
const TIME: Range<usize> = 24..40;
const CHECKSUM: Range<usize> = 40..48;

/// The shortest body, in bytes.
pub const MIN_BODY: usize = CHECKSUM.end;

const BODY: &str = "<body>";
const END: &str = "</body>";

/// The messages of one way, written in place one after the other.
#[derive(Debug)]
pub(crate) struct Letter {
    stanza: Vec<u8>,
    body: Range<usize>,
}

/// What a message says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) way: u32,
    pub(crate) number: u64,
    /// Nanoseconds since the beginning.
    pub(crate) time: u64,
}

/// What arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// One of ours, as it was sent.
    Letter(Read),
    /// Something with a body that is not as it was sent.
    Broken,
    /// One that came back because it could not be delivered.
    Returned,
    /// Something else.
    Other,
}

impl Letter {
    /// Messages to an address, with bodies of so many bytes, [`MIN_BODY`] at
    /// least. The address has to be one without anything to escape.
    pub(crate) fn new(to: &str, way: u32, size: usize) -> Self {
        let mut stanza =
            format!("<message type=\"chat\" to=\"{to}\" xmlns=\"jabber:client\">{BODY}");
        let start = stanza.len();
        stanza.extend(
            (b'a'..=b'z')
                .map(char::from)
                .cycle()
                .take(size.max(MIN_BODY)),
        );
        let body = start..stanza.len();
        stanza.push_str(END);
        stanza.push_str("</message>");
        let mut letter = Self {
            stanza: stanza.into_bytes(),
            body,
        };
        write_hex(&mut letter.body_mut()[WAY], way.into());
        letter
    }

    fn body_mut(&mut self) -> &mut [u8] {
        &mut self.stanza[self.body.clone()]
    }

    /// The message with this number, meant to be sent at this time.
    pub(crate) fn write(&mut self, number: u64, time: u64) -> &str {
        let body = self.body_mut();
        write_hex(&mut body[NUMBER], number);
        write_hex(&mut body[TIME], time);
        let checksum = checksum(body);
        write_hex(&mut body[CHECKSUM], checksum.into());
        std::str::from_utf8(&self.stanza).unwrap_or_default()
    }
}

/// Looks at a stanza that arrived where bodies of so many bytes are expected.
pub(crate) fn read(stanza: &str, size: usize) -> Arrived {
    if !stanza.starts_with("<message") {
        return Arrived::Other;
    }
    let tag = stanza.split('>').next().unwrap_or_default();
    if tag.contains("type='error'") || tag.contains("type=\"error\"") {
        return Arrived::Returned;
    }
    let Some(start) = stanza.find(BODY).map(|at| at + BODY.len()) else {
        return Arrived::Other;
    };
    let Some(body) = stanza.get(start..).and_then(|rest| rest.split('<').next()) else {
        return Arrived::Broken;
    };
    let body = body.as_bytes();
    if body.len() != size.max(MIN_BODY) {
        return Arrived::Broken;
    }
    let number = |digits: Range<usize>| read_hex(body.get(digits)?);
    let letter = || {
        (number(CHECKSUM)? == u64::from(checksum(body))).then_some(())?;
        Some(Read {
            way: number(WAY)?.try_into().ok()?,
            number: number(NUMBER)?,
            time: number(TIME)?,
        })
    };
    letter().map_or(Arrived::Broken, Arrived::Letter)
}

fn checksum(body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&body[..CHECKSUM.start]);
    hasher.update(&body[CHECKSUM.end..]);
    hasher.finalize()
}

fn write_hex(digits: &mut [u8], mut value: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(value & 15) as usize];
        value >>= 4;
    }
}

fn read_hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(value << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::{Arrived, Letter, MIN_BODY, Read, read};

    const READ: Read = Read {
        way: 7,
        number: 1 << 40,
        time: u64::MAX,
    };

    #[test]
    fn what_is_written_is_read() {
        for size in [0, MIN_BODY, 300, 4096] {
            let mut letter = Letter::new("a@h/x", READ.way, size);
            let stanza = letter.write(READ.number, READ.time);
            assert_eq!(read(stanza, size), Arrived::Letter(READ), "{size}");
            let stamped = stanza.replace("<message", "<message from='b@h/y'");
            assert_eq!(read(&stamped, size), Arrived::Letter(READ), "{size}");
        }
    }

    #[test]
    fn every_change_of_the_body_is_noticed() {
        let mut letter = Letter::new("a@h/x", READ.way, 60);
        let stanza = letter.write(READ.number, READ.time).to_owned();
        let body = stanza.find("<body>").map_or(0, |at| at + 6);
        for at in body..body + 60 {
            let mut changed = stanza.clone();
            changed.replace_range(at..=at, "?");
            assert_eq!(read(&changed, 60), Arrived::Broken, "{at}");
        }
        assert_eq!(read(&stanza, 61), Arrived::Broken);
        assert_eq!(read(&stanza.replace("h<", "<"), 60), Arrived::Broken);
    }

    #[test]
    fn other_stanzas_are_none() {
        let mut letter = Letter::new("a@h/x", 1, 0);
        let returned = letter.write(0, 0).replace("chat", "error");
        assert_eq!(read(&returned, 0), Arrived::Returned);
        assert_eq!(read("<message><x/></message>", 0), Arrived::Other);
        assert_eq!(read("<presence/>", 0), Arrived::Other);
    }
}
