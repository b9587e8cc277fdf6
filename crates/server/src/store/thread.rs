//! The thread that owns the database while the server runs.
//!
//! Async code hands it closures and awaits their results; nothing in the
//! runtime ever waits for a disk. The queue is bounded, so that a slow disk
//! slows requests down instead of filling memory.

use std::io;
use std::thread;
use std::time::Instant;

use prometheus::{Histogram, HistogramOpts};
use tokio::sync::{mpsc, oneshot};

use super::{Store, StoreError};

const QUEUE: usize = 256;

/// Upper bounds of the duration of a job, in seconds.
const DURATIONS: [f64; 8] = [0.0001, 0.0005, 0.002, 0.01, 0.05, 0.25, 1.0, 5.0];

type Job = Box<dyn FnOnce(&mut Store) + Send>;

/// A handle of the thread; cheap to clone. The thread ends with the last one.
#[derive(Clone, Debug)]
pub struct StoreThread {
    jobs: mpsc::Sender<Job>,
    durations: Histogram,
}

impl StoreThread {
    /// Moves the database to a thread of its own.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn start(mut store: Store) -> io::Result<(Self, thread::JoinHandle<()>)> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let options = HistogramOpts::new(
            "visavis_store_duration_seconds",
            "Time that the database took for a job, without waiting.",
        );
        let durations = Histogram::with_opts(options.buckets(DURATIONS.to_vec()));
        let durations = durations.map_err(io::Error::other)?;
        let measured = durations.clone();
        let thread = thread::Builder::new()
            .name("visavis-store".to_owned())
            .spawn(move || {
                while let Some(job) = queue.blocking_recv() {
                    let start = Instant::now();
                    job(&mut store);
                    measured.observe(start.elapsed().as_secs_f64());
                }
            })?;
        Ok((Self { jobs, durations }, thread))
    }

    /// How long jobs take.
    pub(crate) fn durations(&self) -> &Histogram {
        &self.durations
    }

    /// Jobs that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// Runs `work` on the database and gives back what it made. Work handed
    /// over is done even if nobody waits for it any more.
    ///
    /// # Errors
    /// What `work` reports, or [`StoreError::Stopped`].
    pub async fn run<T, E>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (done, result) = oneshot::channel();
        let job: Job = Box::new(move |store| {
            // The one who asked may have gone away.
            let _ = done.send(work(store));
        });
        self.jobs.send(job).await.map_err(|_| StoreError::Stopped)?;
        result
            .await
            .unwrap_or_else(|_| Err(StoreError::Stopped.into()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn work_is_done_in_order_and_the_thread_ends_with_its_handles() {
        let (store, thread) = StoreThread::start(Store::open_in_memory().unwrap()).unwrap();
        let applications = store.run(|store| store.applications()).await.unwrap();
        assert!(applications.is_empty());
        drop(store);
        thread.join().unwrap();
    }
}
