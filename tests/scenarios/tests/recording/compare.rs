//! What we said beside what was recorded.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use visavis_call::reason;
use visavis_signal::{
    Body, Candidate, DescriptionKind, Signal, SignalKind, Update, UserId, UserInfo,
};

use super::player::{NOT_RECORDED, Player};
use super::{Recording, Sent};

/// Field by field, for each of the others, in order. Where we say something else on purpose:
///
/// - We say that we give up (`hangUp` with a reason); the recorded clients fall silent.
/// - They hang up on everybody who ever was in the call, we on those who are.
/// - A recorded client that is busy echoes the call in its `reject`; we say that we are busy.
/// - We replace a lost connection up to 100 ms earlier and again and again; they try once.
/// - A recorded client that rejects in the moment of the call says nothing, by mistake.
pub(crate) fn compare(
    recording: &Recording,
    user: UserId,
    player: &Player<'_>,
) -> Result<(), String> {
    for other in recording.users().into_iter().filter(|other| *other != user) {
        let recorded = recorded(recording, user, other, player);
        let ours = ours(player, other, &recorded);
        if ours != recorded {
            return Err(differ(other, &recorded, &ours));
        }
        let (found, known) = candidates(recording, user, other, player);
        if found != known {
            return Err(format!(
                "to {other}: {known:?} was recorded, {found:?} was said"
            ));
        }
    }
    Ok(())
}

/// What of a signal is compared.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    what: String,
    session: String,
    call_type: Option<visavis_signal::CallType>,
    caller: Option<UserId>,
    opponents: Vec<UserId>,
    user_info: UserInfo,
    description: Option<String>,
}

impl Said {
    fn of(signal: &Signal) -> Self {
        let (what, description) = match &signal.body {
            Body::Call { offer } => ("call".to_owned(), Some(offer)),
            Body::Accept { answer } => ("accept".to_owned(), Some(answer)),
            Body::Update(Update::Reconnect(description)) => {
                let id = match description.kind {
                    // Ours has an id of its own.
                    DescriptionKind::Offer => "offer".to_owned(),
                    DescriptionKind::Answer => format!("answer to {}", description.offer_id),
                };
                (format!("reconnect {id}"), Some(&description.sdp))
            }
            _ => (signal.kind().to_string(), None),
        };
        Self {
            what,
            session: signal.session.as_str().to_owned(),
            call_type: signal.call_type,
            caller: signal.caller,
            opponents: signal.opponents.clone(),
            user_info: signal.user_info.clone(),
            description: description.map(|sdp| sdp.as_str().to_owned()),
        }
    }
}

fn recorded(recording: &Recording, user: UserId, other: UserId, player: &Player<'_>) -> Vec<Said> {
    let said = recording.said_by(user);
    let said = said.filter(|(_, sent)| sent.to == other && is_compared(sent, player));
    said.map(|(_, sent)| {
        let mut said = Said::of(&sent.signal);
        if sent.is_echo {
            said.user_info = busy();
        }
        said
    })
    .collect()
}

fn is_compared(sent: &Sent, player: &Player<'_>) -> bool {
    let signal = &sent.signal;
    match signal.kind() {
        SignalKind::IceCandidates => false,
        SignalKind::HangUp => !player.out.contains(&(signal.session.clone(), sent.to)),
        _ => true,
    }
}

fn ours(player: &Player<'_>, other: UserId, recorded: &[Said]) -> Vec<Said> {
    let said = player.said.iter().filter(|(to, signal)| {
        *to == other && signal.kind() != SignalKind::IceCandidates && !is_giving_up(signal)
    });
    let mut said: Vec<_> = said.map(|(_, signal)| Said::of(signal)).collect();
    let not_recorded = |said: &Said| said.description.as_deref() == Some(NOT_RECORDED);
    said.retain(|said| !(said.what == "reconnect offer" && not_recorded(said)));
    let rejects = |said: &Said| said.what == "reject";
    if !recorded.iter().any(rejects) {
        said.retain(|said| !rejects(said));
    }
    said
}

fn is_giving_up(signal: &Signal) -> bool {
    let why = signal.user_info.get(reason::KEY);
    let given_up = [reason::NOT_ANSWERED, reason::NO_CONNECTION];
    signal.kind() == SignalKind::HangUp && given_up.iter().any(|reason| why == Some(reason))
}

fn busy() -> UserInfo {
    UserInfo::from_entries([(reason::KEY, reason::BUSY)]).expect("valid")
}

/// Every candidate that we told, and every one that was recorded.
fn candidates(
    recording: &Recording,
    user: UserId,
    other: UserId,
    player: &Player<'_>,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let ours = player.said.iter().filter(|(to, _)| *to == other);
    let ours = ours.flat_map(|(_, signal)| texts(&signal.body));
    let recorded = recording.said_by(user).filter(|(_, sent)| sent.to == other);
    let recorded = recorded.flat_map(|(_, sent)| texts(&sent.signal.body));
    (ours.collect(), recorded.collect())
}

fn texts(body: &Body) -> Vec<String> {
    let text = |candidate: &Candidate| candidate.candidate.to_string();
    match body {
        Body::IceCandidates(candidates) => candidates.iter().map(text).collect(),
        _ => Vec::new(),
    }
}

fn differ(other: UserId, recorded: &[Said], ours: &[Said]) -> String {
    let mut text = format!("to {other}\n");
    for (title, said) in [("recorded", recorded), ("said", ours)] {
        for said in said {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{title:>9} {said:?}");
        }
    }
    text
}
