//! The thread that owns the database while the server runs.
//!
//! Async code hands it closures and awaits their results; nothing in the
//! runtime ever waits for a disk. The queue is bounded, so that a slow disk
//! slows requests down instead of filling memory.
//!
//! Changes that wait at the same time are committed together, because a commit
//! costs the same for one as for many. Nobody hears of a change, or reads it,
//! before it is committed; one that fails leaves the others as they are.

use std::io;
use std::thread;
use std::time::Instant;

use prometheus::{Histogram, HistogramOpts};
use tokio::sync::{mpsc, oneshot};

use super::{Store, StoreError};

const QUEUE: usize = 256;

/// Upper bounds of the duration of a batch, in seconds.
const DURATIONS: [f64; 8] = [0.0001, 0.0005, 0.002, 0.01, 0.05, 0.25, 1.0, 5.0];

/// Jobs done between two commits, at most.
const BATCH: usize = 64;

/// Tells the one who asked, once it is known how the commit ended.
type Answer = Box<dyn FnOnce(Result<(), StoreError>)>;

/// Work on the database, or on nothing if that cannot be used.
type Read = dyn FnOnce(Result<&Store, StoreError>) -> Answer + Send;
type Write = dyn FnOnce(Result<&mut Store, StoreError>) -> Answer + Send;

enum Job {
    Read(Box<Read>),
    Write(Box<Write>),
}

impl Job {
    fn run(self, store: Result<&mut Store, StoreError>) -> Answer {
        match self {
            Self::Read(read) => read(store.map(|store| &*store)),
            Self::Write(write) => write(store),
        }
    }
}

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
            "Time that the database took for the jobs that waited together, with their commit.",
        );
        let durations = Histogram::with_opts(options.buckets(DURATIONS.to_vec()));
        let durations = durations.map_err(io::Error::other)?;
        let measured = durations.clone();
        let thread = thread::Builder::new()
            .name("visavis-store".to_owned())
            .spawn(move || {
                let mut batch = Vec::with_capacity(BATCH);
                while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
                    let start = Instant::now();
                    work_off(&mut store, batch.drain(..));
                    measured.observe(start.elapsed().as_secs_f64());
                }
            })?;
        Ok((Self { jobs, durations }, thread))
    }

    /// How long jobs take that are committed together.
    pub(crate) fn durations(&self) -> &Histogram {
        &self.durations
    }

    /// Jobs that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// Runs `work`, which changes nothing, on the database and gives back what
    /// it made.
    ///
    /// # Errors
    /// What `work` reports, or [`StoreError::Stopped`].
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (done, result) = oneshot::channel();
        let job = Job::Read(Box::new(|store| {
            answer(done, store.map_err(E::from).and_then(work))
        }));
        self.ask(job, result).await
    }

    /// Runs `work` on the database and gives back what it made, once that is
    /// where a crash does not reach it. If `work` fails, it has done nothing.
    /// Work handed over is done even if nobody waits for it any more.
    ///
    /// # Errors
    /// What `work` reports, the failure of the commit, or
    /// [`StoreError::Stopped`].
    pub async fn run<T, E>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (done, result) = oneshot::channel();
        let job = Job::Write(Box::new(|store| {
            let result = store.map_err(E::from);
            answer(done, result.and_then(|store| store.atomically(work)))
        }));
        self.ask(job, result).await
    }

    async fn ask<T, E: From<StoreError>>(
        &self,
        job: Job,
        result: oneshot::Receiver<Result<T, E>>,
    ) -> Result<T, E> {
        self.jobs.send(job).await.map_err(|_| StoreError::Stopped)?;
        result
            .await
            .unwrap_or_else(|_| Err(StoreError::Stopped.into()))
    }
}

fn answer<T, E>(done: oneshot::Sender<Result<T, E>>, result: Result<T, E>) -> Answer
where
    T: 'static,
    E: From<StoreError> + 'static,
{
    Box::new(move |committed| {
        // The one who asked may have gone away.
        let _ = done.send(committed.map_err(E::from).and(result));
    })
}

/// Does what waits. A transaction is opened by the first change; what is read
/// before it is answered at once.
fn work_off(store: &mut Store, jobs: impl Iterator<Item = Job>) {
    let mut jobs = jobs.peekable();
    while let Some(job) = jobs.next_if(|job| matches!(job, Job::Read(_))) {
        job.run(Ok(store))(Ok(()));
    }
    if jobs.peek().is_none() {
        return;
    }
    let mut answers = Vec::new();
    let committed = store.atomically(|store| {
        answers.extend(jobs.by_ref().map(|job| job.run(Ok(store))));
        Ok(())
    });
    for answer in answers {
        answer(committed.clone());
    }
    if let Err(error) = committed {
        for job in jobs {
            job.run(Err(error.clone()))(Ok(()));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::UnixTime;
    use crate::store::{AddApplicationError, ApplicationId, NewApplication};

    fn with_id(id: u32) -> NewApplication {
        NewApplication {
            id: Some(ApplicationId(id)),
            ..NewApplication::default()
        }
    }

    async fn add(store: StoreThread, id: u32) -> Result<ApplicationId, AddApplicationError> {
        store
            .run(move |store| Ok(store.add_application(&with_id(id), UnixTime(0))?.id))
            .await
    }

    #[tokio::test]
    async fn work_is_done_in_order_and_the_thread_ends_with_its_handles() {
        let (store, thread) = StoreThread::start(Store::open_in_memory().unwrap()).unwrap();
        let applications = store.read(Store::applications).await.unwrap();
        assert!(applications.is_empty());
        drop(store);
        thread.join().unwrap();
    }

    #[tokio::test]
    async fn one_that_fails_leaves_the_others_of_its_batch_alone() {
        let (store, _) = StoreThread::start(Store::open_in_memory().unwrap()).unwrap();
        let (first, twice, other, removed) = tokio::join!(
            add(store.clone(), 7),
            add(store.clone(), 7),
            add(store.clone(), 8),
            store.run(|store| {
                store.remove_application(ApplicationId(7))?;
                Err::<(), _>(AddApplicationError::InvalidKey)
            })
        );
        assert_eq!(
            (first.unwrap(), other.unwrap()),
            (ApplicationId(7), ApplicationId(8))
        );
        assert!(matches!(
            twice,
            Err(AddApplicationError::IdTaken(ApplicationId(7)))
        ));
        assert!(matches!(removed, Err(AddApplicationError::InvalidKey)));
        let applications = store.read(Store::applications).await.unwrap();
        assert_eq!(applications.len(), 2);
    }
}
