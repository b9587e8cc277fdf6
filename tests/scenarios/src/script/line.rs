//! One line of a script: when, who, what.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Failure;

/// `12.5  alice calls bob, carol as second with mood=good -> chat is not connected`
#[derive(Debug)]
pub(super) struct Line {
    number: usize,
    text: String,
    pub(super) at: Option<Duration>,
    pub(super) subject: String,
    pub(super) verb: String,
    /// What stands between commas.
    pub(super) items: Vec<String>,
    /// The call that it is about.
    pub(super) call: Option<String>,
    /// What is attached.
    pub(super) with: BTreeMap<String, String>,
    /// Why it is refused.
    pub(super) refusal: Option<String>,
}

impl Line {
    pub(super) fn failure(&self, problem: String) -> Failure {
        Failure {
            line: self.number,
            text: self.text.clone(),
            problem,
        }
    }

    /// The only thing between the commas.
    pub(super) fn item(&self) -> Result<&str, String> {
        match &self.items[..] {
            [item] => Ok(item),
            items => Err(format!("one thing is expected, not {}", items.len())),
        }
    }

    pub(super) fn words(&self) -> Vec<&str> {
        self.items
            .iter()
            .flat_map(|item| item.split_whitespace())
            .collect()
    }
}

/// Reads a script. A line that ends with a comma goes on in the next one.
pub(super) fn read(script: &str) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    let mut begun: Option<(usize, String)> = None;
    for (at, text) in script.lines().enumerate() {
        let text = text.split('#').next().unwrap_or_default().trim_end();
        let (number, so_far) = begun.take().unwrap_or((at + 1, String::new()));
        let text = if so_far.is_empty() {
            text.to_owned()
        } else {
            format!("{so_far} {}", text.trim_start())
        };
        if text.trim().is_empty() {
            continue;
        }
        if text.ends_with(',') {
            begun = Some((number, text));
            continue;
        }
        lines.push(parse(number, &text)?);
    }
    Ok(lines)
}

fn parse(number: usize, text: &str) -> Result<Line, Failure> {
    let fail = |problem: &str| Failure {
        line: number,
        text: text.to_owned(),
        problem: problem.to_owned(),
    };
    let (text_before, refusal) = match text.split_once(" -> ") {
        Some((before, refusal)) => (before, Some(refusal.trim().to_owned())),
        None => (text, None),
    };
    let mut words = text_before.split_whitespace().peekable();
    let at = words
        .peek()
        .and_then(|word| word.parse::<f64>().ok())
        .map(Duration::from_secs_f64);
    if at.is_some() {
        words.next();
    }
    let subject = words.next().ok_or_else(|| fail("who?"))?.to_owned();
    let verb = words.next().ok_or_else(|| fail("what?"))?.to_owned();
    let mut rest = Vec::new();
    let mut call = None;
    let mut with = BTreeMap::new();
    while let Some(word) = words.next() {
        match word {
            "as" | "in" => call = words.next().map(str::to_owned),
            "with" => {
                for pair in words.by_ref() {
                    let (key, value) = pair.split_once('=').ok_or_else(|| fail("key=value?"))?;
                    with.insert(key.to_owned(), value.to_owned());
                }
            }
            word => rest.push(word),
        }
    }
    let rest = rest.join(" ");
    let items = rest.split(',').map(|item| item.trim().to_owned());
    Ok(Line {
        number,
        text: text.trim().to_owned(),
        at,
        subject,
        verb,
        items: items.filter(|item| !item.is_empty()).collect(),
        call,
        with,
        refusal,
    })
}
