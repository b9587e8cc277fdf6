//! The tasks of a running server, and their end.
//!
//! The end comes in three steps. First the server closes: nobody new is let
//! in, requests are answered, chat streams end one after the other. Then it
//! ends: whatever is left is asked to finish. What has not finished in time
//! is dropped.

use std::future::Future;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Running,
    Closing,
    Ending,
    Dropped,
}

/// Starts tasks and lets them hear the end. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Tasks {
    phase: watch::Receiver<Phase>,
    alive: mpsc::Sender<()>,
}

/// Ends the tasks. Dropping it drops them.
#[derive(Debug)]
pub(crate) struct TaskEnd {
    phase: watch::Sender<Phase>,
    tasks: Tasks,
    ended: mpsc::Receiver<()>,
}

impl Tasks {
    /// Starts a task that is dropped when the server is.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let Self { mut phase, alive } = self.clone();
        // Moved into the block below, a task would take up its room twice.
        let mut task = Box::pin(task);
        tokio::spawn(async move {
            tokio::select! {
                biased;
                // An error means that nobody can tell any more: the same.
                _ = phase.wait_for(|phase| *phase == Phase::Dropped) => {}
                () = &mut task => {}
            }
            drop(alive);
        });
    }

    /// Waits until the server closes: nobody new is let in.
    pub(crate) async fn closing(&self) {
        self.reach(Phase::Closing).await;
    }

    /// Whether it does.
    pub(crate) fn is_closing(&self) -> bool {
        *self.phase.borrow() >= Phase::Closing
    }

    /// Waits until the server ends: everybody has to go.
    pub(crate) async fn ending(&self) {
        self.reach(Phase::Ending).await;
    }

    /// Waits until the server ends for those who stay until then, and until it
    /// closes for others.
    pub(crate) async fn leaving(&self, until_the_end: bool) {
        if until_the_end {
            self.ending().await;
        } else {
            self.closing().await;
        }
    }

    /// Waits until the server has come so far.
    pub(crate) async fn reach(&self, reached: Phase) {
        let mut phase = self.phase.clone();
        let _ = phase.wait_for(|phase| *phase >= reached).await;
    }
}

impl TaskEnd {
    pub(crate) fn new() -> Self {
        let (phase, seen) = watch::channel(Phase::Running);
        let (alive, ended) = mpsc::channel(1);
        Self {
            phase,
            tasks: Tasks { phase: seen, alive },
            ended,
        }
    }

    pub(crate) fn tasks(&self) -> Tasks {
        self.tasks.clone()
    }

    /// Closes, and `window` later asks all tasks to end and waits for them,
    /// `patience` at most.
    pub(crate) async fn finish(self, window: Duration, patience: Duration) {
        let Self {
            phase,
            tasks,
            mut ended,
        } = self;
        drop(tasks);
        phase.send_replace(Phase::Closing);
        if time::timeout(window, ended.recv()).await.is_ok() {
            return;
        }
        phase.send_replace(Phase::Ending);
        if time::timeout(patience, ended.recv()).await.is_err() {
            phase.send_replace(Phase::Dropped);
            // Dropping a task takes no time worth bounding.
            ended.recv().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future;

    #[tokio::test]
    async fn tasks_hear_the_end_or_are_dropped() {
        let end = TaskEnd::new();
        let tasks = end.tasks();
        let listening = tasks.clone();
        tasks.spawn(async move { listening.ending().await });
        end_without_waiting_for(&tasks);
        drop(tasks);
        end.finish(Duration::ZERO, Duration::from_millis(1)).await;
    }

    fn end_without_waiting_for(tasks: &Tasks) {
        tasks.spawn(future::pending());
    }
}
