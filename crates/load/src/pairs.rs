//! Messages between pairs of users: in a closed loop, where each is the answer
//! to the one before, and in an open loop, where they are sent at their moment
//! whatever became of the others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinSet;
use tokio::time;

use crate::book::Book;
use crate::error::LoadError;
use crate::latency::Histogram;
use crate::letter::{self, Arrived, Letter};
use crate::link::Heard;
use crate::pacer;
use crate::plan::Plan;
use crate::report::{Latency, Messages};
use crate::session::Session;

/// How long nothing may come before nothing more is expected to.
const QUIET: Duration = Duration::from_millis(300);

/// What all pairs share.
struct Traffic {
    begin: Instant,
    body: usize,
    /// When nothing more is sent.
    until: Instant,
    patience: Duration,
    tally: Mutex<Tally>,
}

/// What all pairs have seen.
#[derive(Default)]
struct Tally {
    sent: u64,
    lost: u64,
    received: u64,
    duplicated: u64,
    reordered: u64,
    broken: u64,
    misdelivered: u64,
    returned: u64,
    sessions_lost: u64,
    latency: Histogram,
    lateness: Histogram,
}

/// One user of a pair.
struct End {
    session: Session,
    /// What he sends.
    letter: Letter,
    sent: u64,
    /// What he gets.
    way: u32,
    book: Book,
}

/// The session has ended.
struct Gone;

/// Lets the sessions, two by two, send messages to each other. Gives back what
/// became of the messages, and how many sessions were lost.
pub(crate) async fn run(
    plan: &Plan,
    sessions: Vec<Session>,
    body: usize,
    rate: Option<f64>,
    time: Duration,
) -> Result<(Messages, u64), LoadError> {
    let pairs = sessions.len() / 2;
    let before = plan.processor()?;
    let begin = Instant::now();
    let traffic = Arc::new(Traffic {
        begin,
        body,
        until: begin + time,
        patience: plan.patience,
        tally: Mutex::default(),
    });
    let mut tasks = JoinSet::new();
    let mut queues = Vec::new();
    let mut sessions = sessions.into_iter();
    let mut ways = 0..;
    while let (Some(one), Some(other)) = (sessions.next(), sessions.next()) {
        let [there, back] = [(); 2].map(|()| ways.next().unwrap_or_default());
        let addresses = [&other, &one].map(|session| session.jid().to_string());
        let [one, other] = [
            End::new(one, &addresses[0], there, back, body),
            End::new(other, &addresses[1], back, there, body),
        ];
        let traffic = Arc::clone(&traffic);
        if rate.is_some() {
            let (queue, due) = mpsc::unbounded_channel();
            queues.push(queue);
            tasks.spawn(open(traffic, one, other, due));
        } else {
            tasks.spawn(closed(traffic, one, other));
        }
    }
    if let Some(rate) = rate {
        tokio::task::spawn_blocking(move || pacer::run(rate, time, &queues, begin));
    }
    time::sleep_until((begin + time).into()).await;
    // What is still under way is counted with the time it takes.
    let seconds = begin.elapsed().as_secs_f64();
    let routed = traffic.tally().received;
    let each = plan.each_since(before, routed)?;
    while tasks.join_next().await.is_some() {}
    let tally = traffic.tally();
    let messages = Messages {
        pairs,
        body_bytes: body.max(letter::MIN_BODY),
        rate,
        seconds,
        sent: tally.sent,
        received: tally.received,
        lost: tally.lost,
        duplicated: tally.duplicated,
        reordered: tally.reordered,
        broken: tally.broken,
        misdelivered: tally.misdelivered,
        returned: tally.returned,
        per_second: routed as f64 / seconds,
        server_cpu_us_per_message: each,
        latency: Latency::of(&tally.latency),
        lateness: Latency::of(&tally.lateness),
    };
    Ok((messages, tally.sessions_lost))
}

impl Traffic {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nanoseconds since the beginning.
    fn now(&self) -> u64 {
        self.begin.elapsed().as_nanos() as u64
    }

    /// Closes the account of one way.
    fn close(&self, sender: &End, receiver: &End) {
        let mut tally = self.tally();
        tally.lost += receiver.book.lost(sender.sent);
        tally.duplicated += receiver.book.duplicated;
        tally.reordered += receiver.book.reordered;
    }
}

impl End {
    fn new(session: Session, to: &str, way: u32, back: u32, body: usize) -> Self {
        Self {
            session,
            letter: Letter::new(to, way, body),
            sent: 0,
            way: back,
            book: Book::default(),
        }
    }

    /// Sends the next message, meant to be sent at this time.
    async fn send(&mut self, traffic: &Traffic, meant: u64) -> Result<(), Gone> {
        let stanza = self.letter.write(self.sent, meant);
        self.session.send(stanza).await.map_err(|_| Gone)?;
        self.sent += 1;
        let late = traffic.now().saturating_sub(meant);
        let mut tally = traffic.tally();
        tally.sent += 1;
        tally.lateness.record(late);
        Ok(())
    }

    /// Enters what came. The number of the message, if it was one for him.
    fn enter(&mut self, traffic: &Traffic, heard: &Heard) -> Option<u64> {
        let arrived = letter::read(heard.text(), traffic.body);
        let now = traffic.now();
        let mut tally = traffic.tally();
        match arrived {
            Arrived::Letter(read) if read.way == self.way => {
                tally.received += 1;
                tally.latency.record(now.saturating_sub(read.time));
                self.book.enter(read.number);
                return Some(read.number);
            }
            Arrived::Letter(_) => tally.misdelivered += 1,
            Arrived::Broken => tally.broken += 1,
            Arrived::Returned => tally.returned += 1,
            Arrived::Other => {}
        }
        None
    }

    /// Waits for the message with this number, as long as the patience goes.
    async fn expect(&mut self, traffic: &Traffic, number: u64) -> Result<(), Gone> {
        let wait = async {
            loop {
                let heard = self.session.message().await.map_err(|_| Gone)?;
                if self.enter(traffic, &heard) == Some(number) {
                    return Ok(());
                }
            }
        };
        // What does not come is lost, and told so in the end.
        time::timeout(traffic.patience, wait)
            .await
            .unwrap_or(Ok(()))
    }

    /// Hears what is still under way: until nothing is missing and nothing
    /// more comes, or the patience ends.
    async fn drain(&mut self, traffic: &Traffic, sent: u64) -> Result<(), Gone> {
        let enough = Instant::now() + traffic.patience;
        loop {
            let complete = self.book.lost(sent) == 0;
            let left = enough.saturating_duration_since(Instant::now());
            let wait = if complete { QUIET.min(left) } else { left };
            match time::timeout(wait, self.session.message()).await {
                Ok(heard) => {
                    self.enter(traffic, &heard.map_err(|_| Gone)?);
                }
                Err(_) => return Ok(()),
            }
        }
    }
}

/// Each message is the answer to the one before.
async fn closed(traffic: Arc<Traffic>, mut one: End, mut other: End) {
    let ended = async {
        while Instant::now() < traffic.until {
            exchange(&traffic, &mut one, &mut other).await?;
            exchange(&traffic, &mut other, &mut one).await?;
        }
        one.drain(&traffic, other.sent).await?;
        other.drain(&traffic, one.sent).await
    };
    if let Err(Gone) = ended.await {
        traffic.tally().sessions_lost += 1;
    }
    traffic.close(&one, &other);
    traffic.close(&other, &one);
}

async fn exchange(traffic: &Traffic, sender: &mut End, receiver: &mut End) -> Result<(), Gone> {
    sender.send(traffic, traffic.now()).await?;
    receiver.expect(traffic, sender.sent - 1).await
}

/// `one` sends when a message is due; `other` gets them.
async fn open(
    traffic: Arc<Traffic>,
    mut one: End,
    mut other: End,
    mut due: UnboundedReceiver<u64>,
) {
    let (done, mut sent) = tokio::sync::watch::channel(None);
    let sending = async {
        let sent = send_when_due(&traffic, &mut one, &mut due).await;
        // One that has sent its last message hears no more than this.
        let _ = done.send(Some(one.sent));
        sent?;
        one.drain(&traffic, 0).await
    };
    let receiving = async {
        let all = loop {
            let heard = tokio::select! {
                biased;
                heard = other.session.hear() => heard.map_err(|_| Gone)?,
                all = sent.wait_for(Option::is_some) => {
                    break all.ok().and_then(|all| *all).unwrap_or_default();
                }
            };
            other.receive(&traffic, heard).await?;
        };
        other.drain(&traffic, all).await
    };
    let (sending, receiving) = tokio::join!(sending, receiving);
    for ended in [sending, receiving] {
        if let Err(Gone) = ended {
            traffic.tally().sessions_lost += 1;
        }
    }
    traffic.close(&one, &other);
}

async fn send_when_due(
    traffic: &Traffic,
    end: &mut End,
    due: &mut UnboundedReceiver<u64>,
) -> Result<(), Gone> {
    loop {
        tokio::select! {
            biased;
            meant = due.recv() => match meant {
                Some(meant) => end.send(traffic, meant).await?,
                None => return Ok(()),
            },
            heard = end.session.hear() => {
                let heard = heard.map_err(|_| Gone)?;
                end.receive(traffic, heard).await?;
            }
        }
    }
}

impl End {
    /// Enters a message, or answers what is none.
    async fn receive(&mut self, traffic: &Traffic, heard: Heard) -> Result<(), Gone> {
        if heard.text().starts_with("<message") {
            self.enter(traffic, &heard);
            return Ok(());
        }
        self.session.take(heard).await.map_err(|_| Gone)
    }
}
