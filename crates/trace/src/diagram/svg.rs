//! Where everything is, and how it is written.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use visavis_signal::UserId;

use super::label;
use super::lanes::{APP, DEVICE, FIRST_OTHER, Lanes, SERVER};
use super::rows::{self, Mark, Row, State};
use crate::Trace;

const MARGIN: f64 = 16.0;
const ROW: f64 = 28.0;
const PAUSE_ROW: f64 = 34.0;
const TITLE: f64 = 46.0;
const HEAD: f64 = 40.0;
/// The column of times.
const TIMES: f64 = 64.0;
/// Half a head, which is what a lane needs on either side.
const HALF_HEAD: f64 = 58.0;
/// What a character takes at most of the fonts that may be there, at 12 pixels.
const CHARACTER: f64 = 6.7;
/// How much of the texts beside a lane is bars and arrowheads.
const BESIDE: f64 = 14.0;
const BAR: f64 = 6.0;
/// Sessions side by side on a lane; further ones lie on the last.
const BARS: usize = 4;

/// The document.
pub(super) struct Picture<'a> {
    trace: &'a Trace,
    lanes: &'a Lanes,
    rows: Vec<Row>,
    /// The middle of each lane.
    columns: Vec<f64>,
    /// The middle of each row.
    heights: Vec<f64>,
    width: f64,
    height: f64,
    text: String,
}

impl<'a> Picture<'a> {
    pub(super) fn new(trace: &'a Trace, lanes: &'a Lanes, rows: Vec<Row>) -> Self {
        let columns = columns(lanes, &rows);
        let mut heights = Vec::with_capacity(rows.len());
        let mut y = MARGIN + TITLE + HEAD + 10.0;
        for row in &rows {
            let height = row_height(row);
            heights.push(y + height / 2.0);
            y += height;
        }
        let last = columns.last().copied().unwrap_or_default() + HALF_HEAD;
        let beside = rows
            .iter()
            .map(|row| columns[DEVICE] + right_of_device(row));
        let width = beside.fold(last, f64::max) + MARGIN;
        Self {
            trace,
            lanes,
            rows,
            columns,
            heights,
            width,
            height: y + 10.0 + HEAD + MARGIN + LEGEND,
            text: String::new(),
        }
    }

    pub(super) fn write(mut self) -> String {
        let (width, height) = (self.width.ceil(), self.height.ceil());
        self.add(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\">\n"
        ));
        self.title();
        self.add(format_args!("<style>{STYLE}</style>\n"));
        self.add(format_args!(
            "<rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n"
        ));
        self.heading();
        self.lane_lines();
        self.pauses();
        self.bars();
        self.chat_losses();
        for at in 0..self.rows.len() {
            self.row(at);
        }
        let top = MARGIN + TITLE;
        self.heads(top);
        let bottom = self.height - MARGIN - LEGEND - HEAD;
        self.heads(bottom);
        self.legend();
        self.text.push_str("</svg>\n");
        self.text
    }

    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.text.write_fmt(text);
    }

    fn label(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let text = escaped(text);
        self.add(format_args!(
            "<text x=\"{x:.0}\" y=\"{y:.0}\" class=\"{class}\">{text}</text>"
        ));
    }

    // ── Around it ───────────────────────────────────────────────────────────

    fn title(&mut self) {
        let user = self.trace.header.user;
        let count = self.trace.steps.len();
        self.add(format_args!(
            "<title>The calls of user {user}</title>\n\
             <desc>A sequence diagram of {count} steps of call control.</desc>\n"
        ));
    }

    fn heading(&mut self) {
        let header = &self.trace.header;
        let (user, by) = (header.user, escaped(&label::short(&header.recorded_by)));
        self.label(
            MARGIN,
            MARGIN + 14.0,
            "title",
            &format!("The calls of user {user}"),
        );
        let sessions = rows::sessions(self.trace);
        let several = sessions.len() > 1;
        let named: Vec<_> = sessions
            .iter()
            .enumerate()
            .take(8)
            .map(|(at, session)| {
                let id = label::abbreviated(session);
                if several {
                    format!("{} {id}", rows::letter(at))
                } else {
                    id
                }
            })
            .collect();
        let more = sessions.len().saturating_sub(named.len());
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let what = format!(
            "session {}{more} · seconds since the client began · visavis {by}",
            named.join(", ")
        );
        self.label(MARGIN, MARGIN + 32.0, "quiet", &what);
        self.text.push('\n');
    }

    fn heads(&mut self, top: f64) {
        for lane in 0..self.columns.len() {
            let (first, second) = self.lane_name(lane);
            let x = self.columns[lane];
            let (left, width, height) = (x - HALF_HEAD + 4.0, 2.0 * HALF_HEAD - 8.0, HEAD - 4.0);
            self.add(format_args!(
                "<g class=\"head\"><rect x=\"{left:.0}\" y=\"{top:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" rx=\"5\"/>"
            ));
            if second.is_empty() {
                self.label(x, top + 22.0, "middle name", &first);
            } else {
                self.label(x, top + 15.0, "middle name", &first);
                self.label(x, top + 29.0, "middle quiet", &second);
            }
            self.text.push_str("</g>\n");
        }
    }

    fn lane_name(&self, lane: usize) -> (String, String) {
        match lane {
            APP => ("app".into(), String::new()),
            DEVICE => (
                "this device".into(),
                format!("user {}", self.trace.header.user),
            ),
            SERVER => ("server".into(), "chat".into()),
            _ => {
                let is_last = lane + 1 == self.columns.len();
                if is_last && self.lanes.is_crowded() {
                    return ("others".into(), String::new());
                }
                let address = &self.lanes.others()[lane - FIRST_OTHER];
                let user = if address.user == self.trace.header.user {
                    "own user".into()
                } else {
                    format!("user {}", address.user)
                };
                let device = address.resource.as_deref().unwrap_or_default();
                (user, device.chars().take(16).collect())
            }
        }
    }

    fn lane_lines(&mut self) {
        let top = MARGIN + TITLE + HEAD - 4.0;
        let bottom = self.height - MARGIN - LEGEND - HEAD;
        for x in self.columns.clone() {
            self.add(format_args!(
                "<path class=\"lane\" d=\"M{x:.0} {top:.0}V{bottom:.0}\"/>"
            ));
        }
        self.text.push('\n');
    }

    fn legend(&mut self) {
        let y = self.height - MARGIN - 6.0;
        let mut x = MARGIN;
        let bars = [
            ("quiet", "new or closing"),
            ("pending", "pending"),
            ("connecting", "connecting"),
            ("connected", "connected"),
            ("lost", "lost"),
        ];
        for (tone, text) in bars {
            let top = y - 10.0;
            self.add(format_args!(
                "<rect class=\"bar {tone}\" x=\"{x:.0}\" y=\"{top:.0}\" width=\"{BAR}\" height=\"12\"/>"
            ));
            self.label(x + 10.0, y, "quiet", text);
            x += 28.0 + width(text);
        }
        self.text.push('\n');
    }

    // ── Over several rows ───────────────────────────────────────────────────

    fn pauses(&mut self) {
        for at in 0..self.rows.len() {
            let Mark::Pause(span) = self.rows[at].mark else {
                continue;
            };
            let y = self.heights[at];
            let (left, right) = (MARGIN, self.width - MARGIN);
            let seconds = span.as_secs_f64();
            self.add(format_args!(
                "<path class=\"pause\" d=\"M{left:.0} {y:.0}H{right:.0}\"/>"
            ));
            self.label(
                left,
                y + 4.0,
                "quiet halo",
                &format!("{seconds:.1} s later"),
            );
        }
        self.text.push('\n');
    }

    /// The states of calls and peers, as bars on their lanes.
    fn bars(&mut self) {
        let mut open: BTreeMap<(usize, Option<UserId>), (&State, f64)> = BTreeMap::new();
        let mut bars = Vec::new();
        for (row, y) in self.rows.iter().zip(&self.heights) {
            for state in &row.states {
                let key = (state.session, state.user);
                bars.extend(open.remove(&key).map(|(former, from)| (former, from, *y)));
                if !state.is_last {
                    open.insert(key, (state, *y));
                }
            }
        }
        let end = self.heights.last().map_or(0.0, |y| y + ROW / 2.0);
        bars.extend(open.into_values().map(|(state, from)| (state, from, end)));
        let mut text = String::new();
        for (state, from, to) in bars {
            for lane in &state.lanes {
                let beside = state.session.min(BARS - 1) as f64 * BAR;
                let (x, height) = (self.columns[*lane] - BAR / 2.0 + beside, to - from);
                // Writing to a string does not fail.
                let _ = writeln!(
                    text,
                    "<rect class=\"bar {}\" x=\"{x:.0}\" y=\"{from:.0}\" width=\"{BAR}\" height=\"{height:.0}\"/>",
                    state.tone
                );
            }
        }
        self.text.push_str(&text);
    }

    fn chat_losses(&mut self) {
        let mut lost = None;
        let mut losses = Vec::new();
        for (row, y) in self.rows.iter().zip(&self.heights) {
            let Mark::Chat { is_up, .. } = row.mark else {
                continue;
            };
            match is_up {
                Some(false) => lost = lost.or(Some(*y)),
                Some(true) => losses.extend(lost.take().map(|from| (from, *y))),
                None => {}
            }
        }
        let end = self.heights.last().map_or(0.0, |y| y + ROW / 2.0);
        losses.extend(lost.map(|from| (from, end)));
        let x = self.columns[SERVER];
        for (from, to) in losses {
            self.add(format_args!(
                "<path class=\"gone\" d=\"M{x:.0} {from:.0}V{to:.0}\"/>\n"
            ));
        }
    }

    // ── A row ───────────────────────────────────────────────────────────────

    fn row(&mut self, at: usize) {
        let y = self.heights[at];
        let row = &self.rows[at];
        let (class, tone) = match &row.mark {
            Mark::Pause(_) => return,
            Mark::App { tone, .. } => ("app", *tone),
            Mark::Signal { tone, .. } => ("signal", *tone),
            Mark::Link { tone, .. } => ("link", *tone),
            Mark::Note { tone, .. } => ("note", *tone),
            Mark::Timer => ("timer", "minor"),
            Mark::Chat { is_up, .. } => ("chat", if *is_up == Some(true) { "good" } else { "bad" }),
            Mark::Remark(_) => ("remark", "bad"),
            Mark::Nothing => ("states", "minor"),
        };
        let line = row.line;
        let time = row
            .at
            .map(|at| format!("{:.3}", at.elapsed().as_secs_f64()));
        self.add(format_args!(
            "<g class=\"{class} {tone}\"><title>line {line}</title>"
        ));
        if let Some(time) = time {
            self.label(MARGIN + TIMES - 8.0, y + 4.0, "time", &time);
        }
        self.mark(at, y);
        self.states(at, y);
        self.text.push_str("</g>\n");
    }

    fn mark(&mut self, at: usize, y: f64) {
        let (app, device, server) = (
            self.columns[APP],
            self.columns[DEVICE],
            self.columns[SERVER],
        );
        match &self.rows[at].mark {
            Mark::App { to_app, text, .. } => {
                let (text, to_app) = (text.clone(), *to_app);
                let device = device - BAR;
                let (from, to) = if to_app { (device, app) } else { (app, device) };
                self.line(from, to, y);
                self.label(f64::midpoint(app, device), y - 5.0, "middle halo", &text);
                self.head(to, y, to > from);
            }
            Mark::Signal {
                from_us,
                lanes,
                text,
                ..
            } => {
                let (text, from_us, lanes) = (text.clone(), *from_us, lanes.clone());
                self.signal(device, &lanes, from_us, y);
                self.label(f64::midpoint(device, server), y - 5.0, "middle halo", &text);
            }
            Mark::Link { lanes, text, .. } => {
                let (text, lanes) = (text.clone(), lanes.clone());
                self.link(device, server, &lanes, y);
                self.label(f64::midpoint(device, server), y - 6.0, "middle halo", &text);
            }
            Mark::Note { text, .. } => {
                let text = text.clone();
                self.label(device + BESIDE, y + 4.0, "halo", &text);
            }
            Mark::Timer => {
                let x = device - BESIDE - 8.0;
                self.add(format_args!(
                    "<path class=\"clock\" d=\"M{x:.0} {y:.0}m-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0m6-4v4h3\"/>"
                ));
                self.label(x - 10.0, y + 4.0, "end halo", "timer");
            }
            Mark::Chat {
                text,
                is_up: Some(true),
            } => {
                let text = text.clone();
                self.line(device + BAR, server, y);
                self.point(server, y);
                self.label(f64::midpoint(device, server), y - 5.0, "middle halo", &text);
            }
            Mark::Chat { text, .. } => {
                let text = text.clone();
                self.line(device + BAR, server, y);
                let (left, right, top, bottom) = (server - 5.0, server + 5.0, y - 5.0, y + 5.0);
                self.add(format_args!(
                    "<path class=\"arrow\" d=\"M{left:.0} {top:.0}L{right:.0} {bottom:.0}M{left:.0} {bottom:.0}L{right:.0} {top:.0}\"/>"
                ));
                self.label(f64::midpoint(device, server), y - 5.0, "middle halo", &text);
            }
            Mark::Remark(text) => {
                let text = text.clone();
                self.label(MARGIN + TIMES, y + 4.0, "halo", &text);
            }
            Mark::Pause(_) | Mark::Nothing => {}
        }
    }

    /// An arrow to or from this device, with a point where the server passes it on.
    fn signal(&mut self, device: f64, lanes: &[usize], from_us: bool, y: f64) {
        let device = device + BAR;
        let far = lanes.iter().map(|lane| self.columns[*lane]);
        let far = far.fold(device, f64::max) - BAR;
        let (from, to) = if from_us {
            (device, far)
        } else {
            (far, device)
        };
        self.line(from, to, y);
        self.point(self.columns[SERVER], y);
        if from_us {
            for lane in lanes {
                self.head(self.columns[*lane] - BAR, y, true);
            }
        } else {
            self.head(device, y, false);
        }
    }

    /// What goes straight between the two leaps over the server.
    fn link(&mut self, device: f64, server: f64, lanes: &[usize], y: f64) {
        let from = device + BAR;
        let far = lanes.iter().map(|lane| self.columns[*lane]);
        let far = far.fold(server, f64::max) - BAR;
        let leap = server - 8.0;
        for y in [y - 1.5, y + 1.5] {
            self.add(format_args!(
                "<path class=\"arrow\" d=\"M{from:.0} {y:.1}H{leap:.0}a8 8 0 0 1 16 0H{far:.0}\"/>"
            ));
        }
    }

    fn line(&mut self, from: f64, to: f64, y: f64) {
        self.add(format_args!(
            "<path class=\"arrow\" d=\"M{from:.0} {y:.0}H{to:.0}\"/>"
        ));
    }

    fn point(&mut self, x: f64, y: f64) {
        self.add(format_args!(
            "<circle class=\"point\" cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"3\"/>"
        ));
    }

    fn head(&mut self, tip: f64, y: f64, points_right: bool) {
        let back = if points_right { -8 } else { 8 };
        self.add(format_args!(
            "<path class=\"point\" d=\"M{tip:.0} {y:.0}l{back}-4v8z\"/>"
        ));
    }

    fn states(&mut self, at: usize, y: f64) {
        let mut x = self.columns[DEVICE] + BESIDE;
        let states: Vec<_> = self.rows[at]
            .states
            .iter()
            .filter(|state| !state.text.is_empty())
            .map(|state| (state.text.clone(), state.tone))
            .collect();
        for (text, tone) in states {
            let (top, width) = (y - 9.0, pill(&text));
            self.add(format_args!(
                "<rect class=\"pill {tone}\" x=\"{x:.0}\" y=\"{top:.0}\" width=\"{width:.0}\" height=\"18\" rx=\"9\"/>"
            ));
            self.label(x + width / 2.0, y + 4.0, "middle state", &text);
            x += width + 6.0;
        }
    }
}

const LEGEND: f64 = 24.0;

fn width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER
}

fn pill(text: &str) -> f64 {
    width(text) + 16.0
}

fn row_height(row: &Row) -> f64 {
    if matches!(row.mark, Mark::Pause(_)) {
        PAUSE_ROW
    } else {
        ROW
    }
}

fn pills(states: &[State]) -> f64 {
    let shown = states.iter().filter(|state| !state.text.is_empty());
    shown.map(|state| pill(&state.text) + 6.0).sum()
}

/// How far what is written beside this device's lane reaches.
fn right_of_device(row: &Row) -> f64 {
    let text = match &row.mark {
        Mark::Note { text, .. } => width(text),
        _ => pills(&row.states),
    };
    text + BESIDE
}

/// The middles of the lanes: as far apart as what is written between them needs.
fn columns(lanes: &Lanes, rows: &[Row]) -> Vec<f64> {
    let mut to_device = 2.0 * HALF_HEAD;
    let mut to_server = 2.0 * HALF_HEAD;
    for row in rows {
        match &row.mark {
            Mark::App { text, .. } => to_device = to_device.max(width(text) + 40.0),
            Mark::Signal { text, .. } | Mark::Link { text, .. } | Mark::Chat { text, .. } => {
                to_server = to_server.max(width(text) + 40.0);
            }
            _ => {}
        }
        to_server = to_server.max(pills(&row.states) + BESIDE + 10.0);
    }
    let app = MARGIN + TIMES + HALF_HEAD;
    let device = app + to_device;
    let server = device + to_server;
    let mut columns = vec![app, device, server];
    let others = lanes.count() - FIRST_OTHER;
    columns.extend((0..others).map(|at| server + (at + 1) as f64 * 2.0 * HALF_HEAD));
    columns
}

/// Text as XML carries it (XML 1.0 §2.2 and §2.4). A trace may hold anything.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// Colors by what a thing means, for light and for dark.
const STYLE: &str = include_str!("style.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_a_text() {
        assert_eq!(
            escaped("<a b=\"&\">\0\u{7}\u{ffff}"),
            "&lt;a b=\"&amp;\"&gt;"
        );
    }
}
