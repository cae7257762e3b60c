//! The arrow into a shard: a bounded queue of messages with one owner thread, which sleeps while it is empty.
//!
//! An owner that just had messages naps first: for some milliseconds nobody wakes it unless much waits, since to wake
//! a thread for each small request would cost both sides more than the request does.
//!
//! A request reserves a place in every queue it needs before its first push, so either all shards get their part
//! or none does. When the last [`Outbox`] is closed or dropped and the queue is empty, the shard is told so: that is the signal
//! to finish.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crossbeam_queue::ArrayQueue;

use crate::sync::atomic::{
    AtomicBool, AtomicU8, AtomicU32, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use crate::sync::thread::{self, Thread};

/// All of what comes, as a share that an owner takes: it takes so many of 1,024.
pub const WHOLE_SHARE: u32 = 1_024;

/// How long an owner naps. What readers see is older than that anyway.
const NAP: Duration = Duration::from_millis(5);
/// So many waiting messages end a nap, or as many as fill half of the queue.
const NAP_ENDS_AT: usize = 32;

/// What an owner does: it works, naps or sleeps.
const AWAKE: u8 = 0;
const NAPPING: u8 = 1;
const ASLEEP: u8 = 2;

/// A queue of at most `capacity` messages to one shard.
pub fn queue<T>(capacity: usize) -> (Outbox<T>, Inbox<T>) {
    let shared = Arc::new(Shared {
        queue: ArrayQueue::new(capacity.max(1)),
        taken: AtomicUsize::new(0),
        share: AtomicU32::new(WHOLE_SHARE),
        rest: AtomicU8::new(AWAKE),
        is_closed: AtomicBool::new(false),
        owner: OnceLock::new(),
    });
    let inbox = Inbox {
        shared: Arc::clone(&shared),
        is_busy: AtomicBool::new(false),
    };
    (Outbox(shared), inbox)
}

#[derive(Debug)]
pub(crate) struct Shared<T> {
    queue: ArrayQueue<T>,
    /// Places that hold a message or are reserved for one.
    taken: AtomicUsize,
    /// How much of what comes the owner has room for, of [`WHOLE_SHARE`].
    share: AtomicU32,
    /// What the owner does.
    rest: AtomicU8,
    is_closed: AtomicBool,
    owner: OnceLock<Thread>,
}

impl<T> Shared<T> {
    /// Wakes the owner for a message.
    fn nudge(&self) {
        let much = NAP_ENDS_AT.min(self.queue.capacity() / 2);
        if self.rest.load(SeqCst) == ASLEEP || self.queue.len() >= much {
            self.wake();
        }
    }

    fn wake(&self) {
        if self.rest.swap(AWAKE, SeqCst) != AWAKE
            && let Some(owner) = self.owner.get()
        {
            owner.unpark();
        }
    }
}

/// The end that receivers hold; clones push into the same queue.
#[derive(Debug)]
pub struct Outbox<T>(Arc<Shared<T>>);

impl<T> Clone for Outbox<T> {
    fn clone(&self) -> Self {
        Outbox(Arc::clone(&self.0))
    }
}

/// A place in a queue; dropped unused, it is free again.
#[derive(Debug)]
pub struct Reserved<'a, T> {
    shared: &'a Shared<T>,
}

impl<T> Outbox<T> {
    /// A place for one message; `None` when the queue is full or closed.
    pub fn reserve(&self) -> Option<Reserved<'_, T>> {
        let capacity = self.0.queue.capacity();
        let reserved = self
            .0
            .taken
            .fetch_update(SeqCst, SeqCst, |taken| (taken < capacity).then_some(taken + 1));
        let place = reserved.ok().map(|_| Reserved { shared: &*self.0 })?;
        // Asked after the place is counted: the owner leaves only when it sees no place taken.
        (!self.0.is_closed.load(SeqCst)).then_some(place)
    }

    /// The same, to be kept.
    pub fn reserve_place(&self) -> Option<Place<T>> {
        std::mem::forget(self.reserve()?);
        Some(Place(Some(Arc::clone(&self.0))))
    }

    /// How many of [`WHOLE_SHARE`] traces the owner takes; the others' spans are left out, and counted.
    pub fn share(&self) -> u32 {
        self.0.share.load(Relaxed)
    }

    /// Messages waiting.
    pub fn len(&self) -> usize {
        self.0.queue.len()
    }

    /// Whether no message waits.
    pub fn is_empty(&self) -> bool {
        self.0.queue.is_empty()
    }

    /// How many messages it holds.
    pub fn capacity(&self) -> usize {
        self.0.queue.capacity()
    }

    /// Wakes the owner although there may be no message: it has work elsewhere.
    pub fn wake(&self) {
        self.0.wake();
    }

    /// Lets no further message in. The owner gets what is there, then [`Received::Closed`].
    pub fn close(&self) {
        self.0.is_closed.store(true, SeqCst);
        self.0.wake();
    }
}

impl<T> Reserved<'_, T> {
    /// Fills the place and wakes the owner.
    pub fn push(self, message: T) {
        let pushed = self.shared.queue.push(message);
        assert!(pushed.is_ok(), "a reserved place is free");
        self.shared.nudge();
        // The place stays taken until its message is received.
        std::mem::forget(self);
    }
}

impl<T> Drop for Reserved<'_, T> {
    fn drop(&mut self) {
        self.shared.taken.fetch_sub(1, SeqCst);
        self.shared.wake();
    }
}

/// A place that is kept while a request waits elsewhere; dropped unused, it is free again.
#[derive(Debug)]
pub struct Place<T>(Option<Arc<Shared<T>>>);

impl<T> Place<T> {
    /// Fills the place and wakes the owner.
    pub fn push(mut self, message: T) {
        if let Some(shared) = self.0.take() {
            Reserved { shared: &shared }.push(message);
        }
    }
}

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            drop(Reserved { shared: &shared });
        }
    }
}

/// The end that the shard's thread owns.
#[derive(Debug)]
pub struct Inbox<T> {
    shared: Arc<Shared<T>>,
    /// Whether a message came since the last nap.
    is_busy: AtomicBool,
}

/// What a wait ended with.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<T> {
    /// The next message.
    Message(T),
    /// The time came, or somebody woke the owner.
    Nothing,
    /// The queue is closed and empty.
    Closed,
}

impl<T> Inbox<T> {
    /// Has receivers hand over so many of [`WHOLE_SHARE`] traces from now on.
    pub fn take_share(&self, share: u32) {
        self.shared.share.store(share, Relaxed);
    }

    /// The next message, if one waits.
    pub fn try_receive(&self) -> Option<T> {
        let message = self.shared.queue.pop()?;
        self.shared.taken.fetch_sub(1, SeqCst);
        self.is_busy.store(true, Relaxed);
        Some(message)
    }

    /// Waits for a message, at most until `deadline` (for ever without one). Always from the same thread.
    pub fn receive(&self, deadline: Option<Instant>) -> Received<T> {
        if let Some(message) = self.try_receive() {
            return Received::Message(message);
        }
        self.shared.owner.get_or_init(thread::current);
        let nap = self.is_busy.swap(false, Relaxed).then(|| Instant::now() + NAP);
        let until = [nap, deadline].into_iter().flatten().min();
        let rest = if nap.is_some() { NAPPING } else { ASLEEP };
        self.shared.rest.store(rest, SeqCst);
        // Asked again after the flag is up: a push before it would not have woken us.
        let early = self.poll();
        if !matches!(early, Received::Nothing) {
            self.shared.rest.store(AWAKE, SeqCst);
            return early;
        }
        match until {
            None => thread::park(),
            Some(until) => thread::park_timeout(until.saturating_duration_since(Instant::now())),
        }
        self.shared.rest.store(AWAKE, SeqCst);
        self.poll()
    }

    fn poll(&self) -> Received<T> {
        let is_over = self.shared.is_closed.load(SeqCst) && self.shared.taken.load(SeqCst) == 0;
        match self.try_receive() {
            Some(message) => Received::Message(message),
            None if is_over => Received::Closed,
            None => Received::Nothing,
        }
    }
}

impl<T> Drop for Inbox<T> {
    fn drop(&mut self) {
        // Nobody will receive again: further reservations are refused rather than lost.
        self.shared.is_closed.store(true, SeqCst);
    }
}

/// Each of them runs once with threads of the system, and in thousands of orders in `tests/inbox_model.rs`.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{EACH, check};

    fn put(outbox: &Outbox<u32>, n: u32) -> bool {
        outbox.reserve().map(|place| place.push(n)).is_some()
    }

    /// Everything until the end.
    fn drain(inbox: &Inbox<u32>) -> Vec<u32> {
        let mut seen = Vec::new();
        loop {
            match inbox.receive(None) {
                Received::Message(n) => seen.push(n),
                Received::Nothing => {}
                Received::Closed => return seen,
            }
        }
    }

    #[test]
    fn a07_a_reserved_place_is_nobody_elses() {
        check(|| {
            let (outbox, inbox) = queue(2);
            let place = outbox.reserve().unwrap();
            assert!(put(&outbox, 1));
            assert!(!put(&outbox, 2), "one place is taken, one reserved");
            drop(place);
            assert!(put(&outbox, 2));
            assert_eq!(inbox.receive(None), Received::Message(1));
            assert!(put(&outbox, 3));
        });
    }

    #[test]
    fn a07_a_place_that_is_kept_is_nobody_elses_until_it_is_let_go() {
        check(|| {
            let (outbox, inbox) = queue(2);
            let (kept, other) = (outbox.reserve_place().unwrap(), outbox.reserve_place().unwrap());
            assert!(!put(&outbox, 1));
            drop(other);
            assert!(put(&outbox, 1));
            kept.push(2);
            assert!(!put(&outbox, 3));
            assert_eq!(inbox.receive(None), Received::Message(1));
            assert_eq!(inbox.receive(None), Received::Message(2));
            assert!(put(&outbox, 3) && put(&outbox, 4));
        });
    }

    #[test]
    fn a_closed_queue_is_emptied_first() {
        check(|| {
            let (outbox, inbox) = queue(4);
            assert!(put(&outbox, 1));
            let place = outbox.reserve().unwrap();
            outbox.close();
            assert!(!put(&outbox, 2));
            assert_eq!(inbox.receive(None), Received::Message(1));
            assert_eq!(
                inbox.receive(Some(Instant::now())),
                Received::Nothing,
                "a place is reserved"
            );
            place.push(3);
            assert_eq!(inbox.receive(None), Received::Message(3));
            assert_eq!(inbox.receive(None), Received::Closed);
        });
    }

    #[test]
    fn an_owner_that_naps_is_woken_for_much_or_for_a_question() {
        check(|| {
            let (outbox, inbox) = queue(4);
            let rest = |inbox: &Inbox<u32>| inbox.shared.rest.load(SeqCst);
            assert!(put(&outbox, 1));
            assert_eq!(inbox.receive(None), Received::Message(1));
            inbox.shared.rest.store(NAPPING, SeqCst);
            assert!(put(&outbox, 2));
            assert_eq!(rest(&inbox), NAPPING, "one message waits for the end of the nap");
            assert!(put(&outbox, 3));
            assert_eq!(rest(&inbox), AWAKE, "the queue is half full");
            inbox.shared.rest.store(NAPPING, SeqCst);
            outbox.wake();
            assert_eq!(rest(&inbox), AWAKE);
        });
    }

    #[test]
    fn an_owner_without_work_sleeps_until_it_is_woken() {
        check(|| {
            let (outbox, inbox) = queue(4);
            let owner = thread::spawn(move || drain(&inbox));
            let producers: Vec<_> = (0..4)
                .map(|producer| {
                    let outbox = outbox.clone();
                    thread::spawn(move || {
                        for n in 0..EACH {
                            while !put(&outbox, producer * EACH + n) {
                                thread::yield_now();
                            }
                        }
                    })
                })
                .collect();
            for producer in producers {
                producer.join().unwrap();
            }
            outbox.close();
            let mut seen = owner.join().unwrap();
            seen.sort_unstable();
            assert_eq!(seen, (0..4 * EACH).collect::<Vec<_>>());
        });
    }

    #[test]
    fn a_close_at_any_moment_loses_nothing_that_got_in() {
        check(|| {
            let (outbox, inbox) = queue(2);
            let owner = thread::spawn(move || drain(&inbox).len());
            let producers: Vec<_> = (0..2)
                .map(|_| {
                    let outbox = outbox.clone();
                    thread::spawn(move || (0..EACH).filter(|&n| put(&outbox, n)).count())
                })
                .collect();
            outbox.close();
            let got_in: usize = producers.into_iter().map(|of| of.join().unwrap()).sum();
            assert_eq!(owner.join().unwrap(), got_in);
        });
    }

    #[test]
    fn a_place_given_back_after_the_close_lets_the_owner_go() {
        check(|| {
            let (outbox, inbox) = queue(2);
            let owner = thread::spawn(move || drain(&inbox).len());
            let other = outbox.clone();
            let holder = thread::spawn(move || drop(other.reserve()));
            outbox.close();
            holder.join().unwrap();
            assert_eq!(owner.join().unwrap(), 0);
        });
    }
}
