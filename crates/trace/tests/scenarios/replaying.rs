//! The same inputs give the same outputs, and anything else is noticed.

use visavis_call::{CommandError, Output};
use visavis_trace::{Act, Ending, Outcome, ReplayError, Trace, replay};

use crate::common::{Story, read};

#[test]
fn a_recorded_call_goes_the_same_way_again() {
    let trace = read(&Story::of_three().end());
    assert_eq!(trace.ending, Some(Ending::Closed));
    let summary = replay(&trace).unwrap();
    assert_eq!(summary.steps, trace.steps.len());
    assert!(summary.steps > 30, "a whole call: {summary}");
    assert!(summary.outputs > 50, "a whole call: {summary}");
}

#[test]
fn what_was_written_is_what_happened() {
    let mut story = Story::new(|recorder| recorder);
    let mut outputs = Vec::new();
    story.tell();
    outputs.append(&mut story.outputs);
    let trace = read(&story.end());
    let last = trace.steps.last().unwrap();
    // The last step tells the app that all is over, which hides nothing.
    assert_eq!(last.outcome, Outcome::Done(outputs));
    let Act::Command(_) = trace.steps[0].act else {
        panic!("{:?}", trace.steps[0]);
    };
    let refused = Outcome::Refused(CommandError::UnknownSession);
    assert_eq!(trace.steps[1].outcome, refused);
}

/// Every text, switch and list in what the core did, changed on its own, makes the replay fail:
/// either the line makes no sense any more, or it is not what the core does.
#[test]
fn whatever_is_changed_is_noticed() {
    let text = Story::of_three().end();
    let lines: Vec<_> = text.lines().collect();
    let mut tried = 0;
    // The first line says how it began, the last one how it ended.
    for at in 1..lines.len() - 1 {
        let value: serde_json::Value = serde_json::from_str(lines[at]).unwrap();
        for part in ["outputs", "refused"] {
            for change in changes(&value[part]) {
                let mut other = value.clone();
                other[part] = change;
                let line = other.to_string();
                let tampered = [&lines[..at], &[line.as_str()]].concat().join("\n") + "\n";
                tried += 1;
                let Ok(trace) = Trace::read(tampered.as_bytes()) else {
                    continue;
                };
                let Err(ReplayError::Difference(difference)) = replay(&trace) else {
                    panic!("line {} is not missed: {line}", at + 1);
                };
                assert_eq!(difference.line, at + 1, "{difference}");
            }
        }
    }
    assert!(tried > 300, "only {tried} changes were tried");
}

#[test]
fn a_timer_that_goes_off_at_another_time_is_noticed() {
    let text = Story::of_three().end();
    let (before, after) = text.split_once(r#""wake_ns":"#).unwrap();
    let tampered = format!(r#"{before}"wake_ns":1{after}"#);
    let Err(ReplayError::Difference(difference)) = replay(&read(&tampered)) else {
        panic!("not noticed");
    };
    assert_eq!(difference.part, "wake_ns");
}

/// The value with one of its texts, switches or lists changed, for each of them.
fn changes(value: &serde_json::Value) -> Vec<serde_json::Value> {
    use serde_json::{Value, json};
    match value {
        Value::String(text) => vec![json!(format!("{text}x"))],
        Value::Bool(is) => vec![json!(!is)],
        Value::Array(items) => {
            let mut all: Vec<Value> = Vec::new();
            for at in 0..items.len() {
                let mut without = items.clone();
                without.remove(at);
                all.push(Value::Array(without));
                for change in changes(&items[at]) {
                    let mut other = items.clone();
                    other[at] = change;
                    all.push(Value::Array(other));
                }
            }
            all
        }
        Value::Object(fields) => {
            let mut all = Vec::new();
            for (key, field) in fields {
                for change in changes(field) {
                    let mut other = fields.clone();
                    other[key] = change;
                    all.push(Value::Object(other));
                }
            }
            all
        }
        Value::Number(_) | Value::Null => Vec::new(),
    }
}

#[test]
fn the_first_difference_is_shown() {
    let text = Story::of_three().end();
    let tampered = text.replacen(r#"{"Ringing":"#, r#"{"Held":"#, 1);
    assert_ne!(text, tampered);
    let line = 1 + text
        .lines()
        .position(|line| line.contains(r#"{"Ringing":"#))
        .unwrap();
    let Err(ReplayError::Difference(difference)) = replay(&read(&tampered)) else {
        panic!("not noticed");
    };
    assert_eq!(difference.line, line);
    assert_eq!(difference.part, "outputs[0]");
    assert!(difference.expected.contains("Held"), "{difference}");
    assert!(difference.got.contains("Ringing"), "{difference}");
}

#[test]
fn a_step_that_is_missing_or_comes_twice_is_noticed() {
    let text = Story::of_three().end();
    let lines: Vec<_> = text.lines().collect();
    let accept = lines
        .iter()
        .position(|line| line.contains(r#""input":{"Signal""#) && line.contains(r#""Accept""#))
        .unwrap();
    let mut without = lines.clone();
    without.remove(accept);
    assert!(replay(&read(&(without.join("\n") + "\n"))).is_err());
    let mut twice = lines.clone();
    twice.insert(accept, lines[accept]);
    assert!(replay(&read(&(twice.join("\n") + "\n"))).is_err());
}

#[test]
fn another_beginning_leads_elsewhere() {
    let text = Story::of_three().end();
    let other = text.replacen(
        r#""seed":"000000000000feed""#,
        r#""seed":"000000000000beef""#,
        1,
    );
    assert_ne!(text, other);
    assert!(
        replay(&read(&other)).is_err(),
        "the ids of offers come from the seed"
    );
    let other = text.replacen(
        r#""dialing_interval":{"secs":5"#,
        r#""dialing_interval":{"secs":7"#,
        1,
    );
    assert_ne!(text, other);
    assert!(replay(&read(&other)).is_err());
}

#[test]
fn a_trace_that_was_written_out_otherwise_is_the_same_trace() {
    let text = Story::of_three().end();
    let spaced: String = text
        .lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let line = serde_json::to_string_pretty(&value).unwrap();
            line.replace('\n', " ") + "\n"
        })
        .collect();
    assert_ne!(text, spaced);
    replay(&read(&spaced)).unwrap();
}

#[test]
fn outputs_are_those_of_the_call() {
    let trace = read(&Story::of_three().end());
    let sent = trace.steps.iter().flat_map(|step| match &step.outcome {
        Outcome::Done(outputs) => outputs.clone(),
        Outcome::Refused(_) => Vec::new(),
    });
    let kinds: Vec<_> = sent
        .filter_map(|output| match output {
            Output::Send { signal, .. } => Some(signal.kind().name()),
            _ => None,
        })
        .collect();
    for kind in ["call", "iceCandidates", "update", "hangUp"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}
