//! What is in the picture, and where.

use std::collections::BTreeSet;

use visavis_call::{Input, Output};
use visavis_trace::{Act, Outcome, Trace, draw};
use visavis_xmpp::xml::{Element, Limits};

use crate::common::{Story, read};

const LIMITS: Limits = Limits {
    max_bytes: 1 << 24,
    max_depth: 16,
    max_nodes: 1 << 20,
};

fn picture(trace: &Trace) -> Element {
    let text = draw(trace);
    Element::parse(&text, &LIMITS).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn all<'a>(element: &'a Element, found: &mut Vec<&'a Element>) {
    found.push(element);
    element.children().for_each(|child| all(child, found));
}

fn everything(picture: &Element) -> Vec<&Element> {
    let mut found = Vec::new();
    all(picture, &mut found);
    found
}

fn number(element: &Element, attribute: &str) -> f64 {
    let text = element.attribute(attribute).unwrap_or("0");
    text.parse()
        .unwrap_or_else(|_| panic!("{attribute}={text}"))
}

fn has_class(element: &Element, class: &str) -> bool {
    let classes = element.attribute("class").unwrap_or_default();
    classes.split(' ').any(|one| one == class)
}

/// The lines of a trace whose signals have a row, once for each row.
fn drawn_signals(picture: &Element) -> Vec<usize> {
    everything(picture)
        .into_iter()
        .filter(|element| element.name() == "g" && has_class(element, "signal"))
        .map(|row| {
            let shafts = row
                .children()
                .filter(|child| child.name() == "path" && has_class(child, "arrow"));
            let heads = row
                .children()
                .filter(|child| child.name() == "path" && has_class(child, "point"));
            assert_eq!(shafts.count(), 1);
            assert!(heads.count() >= 1);
            let line = row.child("title").unwrap().text();
            line.trim_start_matches("line ").parse().unwrap()
        })
        .collect()
}

fn recorded_signals(trace: &Trace) -> Vec<usize> {
    let mut lines = Vec::new();
    for step in &trace.steps {
        if matches!(step.act, Act::Input(Input::Signal { .. })) {
            lines.push(step.line);
        }
        if let Outcome::Done(outputs) = &step.outcome {
            let sent = outputs
                .iter()
                .filter(|output| matches!(output, Output::Send { .. }));
            lines.extend(sent.map(|_| step.line));
        }
    }
    lines
}

#[test]
fn every_signal_has_an_arrow() {
    let trace = read(&Story::of_three().end());
    let recorded = recorded_signals(&trace);
    assert!(recorded.len() > 10, "{recorded:?}");
    assert_eq!(drawn_signals(&picture(&trace)), recorded);
}

/// The texts, with where they begin and end at most.
fn texts(picture: &Element) -> Vec<(String, f64, f64, f64)> {
    everything(picture)
        .into_iter()
        .filter(|element| element.name() == "text")
        .map(|text| {
            let size = if has_class(text, "title") { 9.0 } else { 6.7 };
            let width = text.text().chars().count() as f64 * size;
            let x = number(text, "x");
            let left = if has_class(text, "middle") {
                x - width / 2.0
            } else if has_class(text, "end") || has_class(text, "time") {
                x - width
            } else {
                x
            };
            (text.text(), left, left + width, number(text, "y"))
        })
        .collect()
}

#[test]
fn every_text_is_inside_the_view() {
    let picture = picture(&read(&Story::of_three().end()));
    let (width, height) = (number(&picture, "width"), number(&picture, "height"));
    assert_eq!(
        picture.attribute("viewBox"),
        Some(format!("0 0 {width} {height}").as_str())
    );
    let texts = texts(&picture);
    assert!(texts.len() > 100, "{}", texts.len());
    for (text, left, right, y) in texts {
        assert!(
            left >= 0.0 && right <= width,
            "`{text}` at {left} to {right} of {width}"
        );
        assert!(y >= 10.0 && y <= height, "`{text}` at {y} of {height}");
    }
}

#[test]
fn no_two_texts_of_a_lane_lie_on_each_other() {
    let picture = picture(&read(&Story::of_three().end()));
    let texts = texts(&picture);
    for (at, (text, left, right, y)) in texts.iter().enumerate() {
        for (other, from, to, other_y) in &texts[at + 1..] {
            let beside = right <= from || to <= left;
            let apart = (y - other_y).abs() >= 11.0;
            assert!(
                beside || apart,
                "`{text}` and `{other}` at {y} and {other_y}"
            );
        }
    }
}

#[test]
fn lanes_do_not_overlap_and_each_place_has_one() {
    let picture = picture(&read(&Story::of_three().end()));
    let heads: Vec<_> = everything(&picture)
        .into_iter()
        .filter(|element| has_class(element, "head"))
        .map(|head| {
            let names: Vec<_> = head
                .children()
                .filter(|child| child.name() == "text")
                .map(Element::text)
                .collect();
            let frame = head.child("rect").unwrap();
            let left = number(frame, "x");
            (names.join(" "), left, left + number(frame, "width"))
        })
        .collect();
    // At the top and once more at the bottom.
    let (top, bottom) = heads.split_at(heads.len() / 2);
    assert_eq!(top, bottom);
    let names: Vec<_> = top.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "app",
            "this device user 101",
            "server chat",
            "user 102 device-1",
            "user 103 device-2"
        ]
    );
    for pair in top.windows(2) {
        assert!(pair[0].2 <= pair[1].1, "{pair:?}");
    }
    let lanes = everything(&picture)
        .into_iter()
        .filter(|element| has_class(element, "lane"));
    assert_eq!(lanes.count(), names.len());
}

#[test]
fn it_needs_nothing_and_runs_nothing() {
    let text = draw(&read(&Story::of_three().end()));
    for foreign in [
        "<script",
        "href",
        "url(",
        "@import",
        "<image",
        "<foreignObject",
        "onload",
    ] {
        assert!(!text.contains(foreign), "{foreign}");
    }
    assert_eq!(
        text.matches("http").count(),
        1,
        "only the name of the namespace"
    );
}

#[test]
fn what_a_hostile_trace_says_is_only_text() {
    let text = Story::of_three().end();
    let text = text.replace("device-1", "<script>alert(1)</script>&\\u0000\\u001b[31m");
    let trace = read(&text);
    let picture = picture(&trace);
    let names: BTreeSet<_> = everything(&picture)
        .into_iter()
        .map(Element::name)
        .collect();
    let known = BTreeSet::from([
        "svg", "title", "desc", "style", "rect", "path", "circle", "g", "text",
    ]);
    assert!(names.is_subset(&known), "{names:?}");
    assert!(
        texts(&picture)
            .iter()
            .any(|(text, ..)| text.contains("<script>"))
    );
}

#[test]
fn what_was_lost_and_what_was_refused_is_to_be_seen() {
    let trace = read(&Story::of_three().end());
    let picture = picture(&trace);
    let texts: Vec<_> = texts(&picture).into_iter().map(|(text, ..)| text).collect();
    for shown in [
        "chat is lost",
        "chat is back",
        "Hold ✗ UnknownSession",
        "nothing arrives",
        "timer",
    ] {
        assert!(
            texts.iter().any(|text| text == shown),
            "{shown} is not in {texts:?}"
        );
    }
    let gone = everything(&picture)
        .into_iter()
        .filter(|element| has_class(element, "gone"));
    assert_eq!(gone.count(), 1);
}

#[test]
fn a_trace_that_breaks_off_says_so_in_the_picture() {
    let text = Story::of_three().end();
    let cut = &text[..text.len() - 60];
    let shown = draw(&read(cut));
    assert!(shown.contains("the trace breaks off"), "{shown}");
    assert!(!draw(&read(&text)).contains("the trace breaks off"));
}
