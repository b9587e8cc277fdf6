//! The tasks of a running server, and their end.
//!
//! Every task can hear that the server is ending and finish in good order;
//! what has not finished in time is dropped.

use std::future::Future;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
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
        tokio::spawn(async move {
            tokio::select! {
                biased;
                // An error means that nobody can tell any more: the same.
                _ = phase.wait_for(|phase| *phase == Phase::Dropped) => {}
                () = task => {}
            }
            drop(alive);
        });
    }

    /// Waits until the server is ending.
    pub(crate) async fn ending(&self) {
        let mut phase = self.phase.clone();
        let _ = phase.wait_for(|phase| *phase != Phase::Running).await;
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

    /// Asks all tasks to end and waits for them, `patience` at most.
    pub(crate) async fn finish(self, patience: Duration) {
        let Self {
            phase,
            tasks,
            mut ended,
        } = self;
        drop(tasks);
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
        end.finish(Duration::from_millis(1)).await;
    }

    fn end_without_waiting_for(tasks: &Tasks) {
        tasks.spawn(future::pending());
    }
}
