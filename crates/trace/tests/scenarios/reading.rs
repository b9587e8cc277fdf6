//! Files that are no traces, or not whole ones.

use visavis_trace::{Ending, Problem, ReadError, Trace, draw, replay};

use crate::common::{Story, read};

fn error(text: &[u8]) -> (usize, Problem) {
    match Trace::read(text) {
        Err(ReadError::Line { line, problem }) => (line, problem),
        other => panic!("{other:?}"),
    }
}

/// A process may die at any moment; what it wrote is of use up to there.
#[test]
fn a_trace_that_was_cut_anywhere_is_read_up_to_there() {
    let text = Story::of_three().end();
    let whole = read(&text).steps.len();
    let header = text.lines().next().unwrap().len();
    for length in (header..text.len()).step_by(7) {
        let trace = read(&text[..length]);
        assert!(trace.steps.len() <= whole);
        if trace.torn.is_none() {
            replay(&trace).unwrap();
        }
        let in_a_line = !text[..length].ends_with('\n');
        let whole_lines = text[..length].lines().count() - usize::from(in_a_line);
        if trace.torn.is_some() {
            assert_eq!(trace.torn, Some(whole_lines + 1));
            assert_eq!(trace.ending, None);
        }
    }
    assert_eq!(read(&text).torn, None);
}

#[test]
fn what_does_not_begin_as_a_trace_is_none() {
    for text in [
        "",
        "\n",
        "hello\n",
        "{}\n",
        "[]\n",
        "{\"visavis_trace\":1}\n",
        "\u{0}",
    ] {
        let (line, problem) = error(text.as_bytes());
        assert_eq!(line, 1);
        assert!(matches!(problem, Problem::NotATrace), "{text:?}: {problem}");
    }
    let (line, problem) = error(b"{\"visavis_trace\":2}\n");
    assert_eq!(line, 1);
    assert_eq!(problem.to_string(), "the format 2 is not known, only 1");
}

#[test]
fn settings_that_no_core_can_have_are_refused() {
    let text = Story::of_three().end();
    let text = text.replacen(r#""max_opponents":3"#, r#""max_opponents":300"#, 1);
    let (line, problem) = error(text.as_bytes());
    assert_eq!(line, 1);
    assert_eq!(
        problem.to_string(),
        "max_opponents is 300, but must be 1 to 16"
    );
}

#[test]
fn a_line_that_makes_no_sense_is_named() {
    let text = Story::of_three().end();
    let lines: Vec<_> = text.lines().collect();
    let garbage: [&[u8]; 10] = [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b"{\"at_ns\":1}",
        b"{\"at_ns\":1,\"input\":\"Timeout\"}",
        b"{\"at_ns\":-1,\"input\":\"Timeout\",\"outputs\":[]}",
        b"{\"at_ns\":1,\"input\":\"Timeout\",\"outputs\":[],\"more\":1}",
        b"{\"at_ns\":1,\"input\":\"Timeout\",\"refused\":\"NotStarted\"}",
        b"{\"at_ns\":1,\"input\":\"Timeout\",\"command\":\"Destroy\",\"outputs\":[]}",
    ];
    for bad in garbage {
        let mut bytes = lines[..5].join("\n").into_bytes();
        bytes.push(b'\n');
        bytes.extend_from_slice(bad);
        bytes.push(b'\n');
        bytes.extend_from_slice(lines[5].as_bytes());
        let (line, _) = error(&bytes);
        assert_eq!(line, 6, "{}", String::from_utf8_lossy(bad));
    }
}

#[test]
fn an_error_says_what_is_wrong_and_where() {
    let text = Story::of_three().end();
    let (line, problem) = error(text.replacen("at_ns", "at", 1).as_bytes());
    assert_eq!(line, 2);
    let problem = problem.to_string();
    assert!(
        problem.starts_with("it is not a step: unknown field `at`"),
        "{problem}"
    );
    assert!(problem.ends_with(" in column 5"), "{problem}");
}

#[test]
fn nothing_follows_the_end() {
    let text = Story::of_three().end();
    let last = text.lines().last().unwrap();
    let (line, problem) = error(format!("{text}{last}\n").as_bytes());
    assert_eq!(line, text.lines().count() + 1);
    assert!(matches!(problem, Problem::AfterEnd), "{problem}");
}

#[test]
fn a_line_without_end_takes_no_memory_without_end() {
    let text = Story::of_three().end();
    let header = text.lines().next().unwrap();
    let endless = format!("{header}\n{}", "x".repeat(3 << 20));
    let (line, problem) = error(endless.as_bytes());
    assert_eq!(line, 2);
    assert!(matches!(problem, Problem::LineTooLong), "{problem}");
    let nested = format!("{header}\n{}", "[".repeat(1 << 19) + "\n");
    assert_eq!(error(nested.as_bytes()).0, 2);
}

#[test]
fn a_trace_without_steps_is_one() {
    let text = Story::new(|recorder| recorder).end();
    let trace = read(&text);
    assert_eq!(trace.steps.len(), 0);
    assert_eq!(trace.ending, Some(Ending::Closed));
    assert_eq!(replay(&trace).unwrap().outputs, 0);
    assert!(draw(&trace).contains("</svg>"));
}
