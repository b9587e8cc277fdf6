//! `docs/states.md` says what the tables say. It is written anew when `VISAVIS_WRITE` is set.

use std::fmt::{Display, Write as _};
use std::path::Path;

use visavis_call::{PeerState, SessionState};

#[test]
fn the_document_of_the_states_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/states.md");
    let wanted = document();
    if std::env::var_os("VISAVIS_WRITE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        written == wanted,
        "docs/states.md is out of date: set VISAVIS_WRITE and run this again"
    );
}

fn document() -> String {
    let mut text = String::from(
        "# States\n\nMade from the tables in `crates/call/src/session_state.rs` and `peer_state.rs`, where each state is\n\
         explained and the ways are drawn. What is not in a table does not happen.\n",
    );
    let sessions = SessionState::ALL.map(|state| (state, state.successors()));
    table(&mut text, "A call", &sessions);
    let peers = PeerState::ALL.map(|state| (state, state.successors()));
    table(&mut text, "One peer of a call", &peers);
    text
}

fn table<S: Display>(text: &mut String, title: &str, ways: &[(S, &[S])]) {
    write!(text, "\n## {title}\n\n| From | To |\n|---|---|\n").unwrap();
    for (from, to) in ways {
        let to: Vec<_> = to.iter().map(|state| format!("`{state}`")).collect();
        let to = if to.is_empty() {
            "nothing".into()
        } else {
            to.join(", ")
        };
        writeln!(text, "| `{from}` | {to} |").unwrap();
    }
    let mut graph = String::new();
    for (from, to) in ways {
        for to in *to {
            writeln!(graph, "    {from} --> {to}").unwrap();
        }
    }
    write!(text, "\n```mermaid\nstateDiagram-v2\n{graph}```\n").unwrap();
}
