//! Where the requests of an HTTP/2 connection run.

use std::sync::Arc;
use std::task::{Context, Waker};

use hyper::rt::Executor;

use crate::activity::Activity;

/// With so many requests of one connection in flight each gets a task of its own at once, so that one connection can
/// keep all cores busy.
const INLINE_MAX: u64 = 8;

/// Begins each request in the task of its connection. One that is small and has arrived ends there; any other goes on
/// in a task of its own. To start a task and wake a thread for it costs more than a small request does.
#[derive(Clone, Debug)]
pub(crate) struct Streams(pub(crate) Arc<Activity>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, request: F) {
        let mut request = Box::pin(request);
        // Nobody is woken by this look: a task that is started looks again.
        let mut first = Context::from_waker(Waker::noop());
        if self.0.running() > INLINE_MAX || request.as_mut().poll(&mut first).is_pending() {
            tokio::spawn(request);
        }
    }
}
