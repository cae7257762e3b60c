//! Where the requests of an HTTP/2 connection run.

use std::sync::Arc;
use std::task::{Context, Waker};

use hyper::rt::Executor;

use crate::activity::Activity;

/// Begins a request in the task of its connection while no other of that connection runs. One that is small and has
/// arrived ends there; any other goes on in a task of its own, so that one connection can keep all cores busy. To start a
/// task and wake a thread for it costs more than a small request does.
#[derive(Clone, Debug)]
pub(crate) struct Streams(pub(crate) Arc<Activity>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, request: F) {
        let mut request = Box::pin(request);
        // Nobody is woken by this look: a task that is started looks again.
        let mut first = Context::from_waker(Waker::noop());
        if self.0.running() > 1 || request.as_mut().poll(&mut first).is_pending() {
            tokio::spawn(request);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use tokio::sync::mpsc;
    use tokio::task::yield_now;

    use super::*;

    #[test]
    fn a_small_request_ends_where_it_is_read() {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        // Outside of a runtime no task could be started.
        Streams(Activity::new()).execute(async move { sender.send(7).unwrap() });
        assert_eq!(receiver.try_recv(), Ok(7));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn g06_two_large_requests_of_one_connection_are_walked_at_the_same_time() {
        let streams = Streams(Activity::new());
        let (meeting, (sender, mut receiver)) = (Arc::new(Barrier::new(2)), mpsc::unbounded_channel());
        for _ in 0..2 {
            let (meeting, sender) = (Arc::clone(&meeting), sender.clone());
            streams.execute(async move {
                // As a message that is not tiny does before it is walked.
                yield_now().await;
                // Each holds its thread until the other walks as well.
                meeting.wait();
                sender.send(()).unwrap();
            });
        }
        assert_eq!(
            (receiver.recv().await, receiver.recv().await),
            (Some(()), Some(()))
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_busy_connection_does_not_walk_small_requests_itself() {
        let streams = Streams(Activity::new());
        let running = [streams.0.begin(), streams.0.begin()];
        let (meeting, (sender, mut receiver)) = (Arc::new(Barrier::new(2)), mpsc::unbounded_channel());
        for _ in 0..2 {
            let (meeting, sender) = (Arc::clone(&meeting), sender.clone());
            streams.execute(async move {
                meeting.wait();
                sender.send(()).unwrap();
            });
        }
        assert_eq!(
            (receiver.recv().await, receiver.recv().await),
            (Some(()), Some(()))
        );
        drop(running);
    }
}
