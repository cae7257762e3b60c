//! Reads one message from a request's body: admission first, then the bytes, within time.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Duration, Instant, Sleep, sleep_until, timeout};

use crate::activity::LINGER;
use crate::settings::MIB;
use crate::{Core, Excess, Lease, Peer, Refusal};

/// How often a waiting reader looks whether it must make room for others.
const LOOK: Duration = Duration::from_millis(250);

/// A body that is being read.
pub(crate) struct Gather<'a> {
    core: &'a Core,
    peer: &'a Peer,
    body: Incoming,
    started: Instant,
    /// Bytes read so far, frames included.
    read: u64,
    /// What was read and not used yet.
    chunk: Bytes,
    /// When a reader that waits looks next; most never wait so long.
    look: Option<Pin<Box<Sleep>>>,
}

/// What comes next of a body.
type Next = Option<Result<Frame<Bytes>, hyper::Error>>;

/// One gRPC message as it came.
pub(crate) struct Framed {
    pub(crate) bytes: Bytes,
    pub(crate) is_compressed: bool,
    pub(crate) lease: Lease,
}

impl<'a> Gather<'a> {
    pub(crate) fn new(core: &'a Core, peer: &'a Peer, body: Incoming) -> Gather<'a> {
        Gather {
            core,
            peer,
            body,
            started: Instant::now(),
            read: 0,
            chunk: Bytes::new(),
            look: None,
        }
    }

    /// Bytes read so far.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }

    /// The one message of a unary gRPC call. `may_compress` says whether the call names a compression.
    pub(crate) async fn framed(&mut self, may_compress: bool) -> Result<Framed, Refusal> {
        let (is_compressed, size) = self.frame_header().await?;
        if is_compressed && !may_compress {
            return Err(Refusal::BadFrame("flag 1 without grpc-encoding"));
        }
        let lease = self.admit(size)?;
        let bytes = self.exactly(size).await?;
        self.end().await?;
        Ok(Framed {
            bytes,
            is_compressed,
            lease,
        })
    }

    /// The whole body; `announced` is its length, when the headers tell.
    pub(crate) async fn whole(&mut self, announced: Option<u64>) -> Result<(Bytes, Lease), Refusal> {
        match announced {
            Some(size) => {
                let lease = self.admit(size)?;
                Ok((self.exactly(size).await?, lease))
            }
            None => self.unannounced().await,
        }
    }

    /// Reads the body to its end and keeps nothing of it; at most one chunk is in memory at a time.
    pub(crate) async fn discard(&mut self) -> Result<(), Refusal> {
        let _lease = self
            .peer
            .lease_unannounced()
            .map_err(|_| self.core.overloaded())?;
        while self.fill().await? {
            self.within_limit(self.read)?;
            self.chunk = Bytes::new();
        }
        Ok(())
    }

    /// Lets what a refused sender still has under way pass by, for a while and in a task of its own: the refusal need not
    /// wait for it, and frames of a stream that is gone would count as the connection's errors until it is ended.
    pub(crate) fn pass(self) {
        let mut body = self.body;
        if body.is_end_stream() {
            return;
        }
        tokio::spawn(timeout(LINGER, async move {
            while let Some(Ok(frame)) = body.frame().await {
                drop(frame);
            }
        }));
    }

    fn within_limit(&self, size: u64) -> Result<(), Refusal> {
        let limit = self.core.settings.message_bytes_max;
        match size > limit {
            true => Err(Excess::Announced { size, limit }.into()),
            false => Ok(()),
        }
    }

    fn admit(&self, size: u64) -> Result<Lease, Refusal> {
        self.within_limit(size)?;
        self.peer.lease(size).map_err(|_| self.core.denied(size))
    }

    async fn frame_header(&mut self) -> Result<(bool, u64), Refusal> {
        let mut header = [0; 5];
        let mut filled = 0;
        while filled < header.len() {
            if self.chunk.is_empty() && !self.fill().await? {
                return Err(match filled {
                    0 => Refusal::BadFrame("no message"),
                    _ => cut_off(),
                });
            }
            let part = self.chunk.split_to(self.chunk.len().min(header.len() - filled));
            header[filled..filled + part.len()].copy_from_slice(&part);
            filled += part.len();
        }
        let [flag, size @ ..] = header;
        match flag {
            0 | 1 => Ok((flag == 1, u64::from(u32::from_be_bytes(size)))),
            _ => Err(Refusal::BadFrame("flag is not 0 or 1")),
        }
    }

    /// The next `size` bytes, which are leased, in a buffer of their own: the connection's is free again at once, and what
    /// is kept of a message weighs what it says.
    async fn exactly(&mut self, size: u64) -> Result<Bytes, Refusal> {
        let size = size as usize;
        if self.chunk.is_empty() && size > 0 && !self.fill().await? {
            return Err(cut_off());
        }
        let mut whole = Vec::with_capacity(size);
        loop {
            let part = self.chunk.split_to(self.chunk.len().min(size - whole.len()));
            whole.extend_from_slice(&part);
            if whole.len() == size {
                return Ok(whole.into());
            }
            if !self.fill().await? {
                return Err(cut_off());
            }
        }
    }

    async fn unannounced(&mut self) -> Result<(Bytes, Lease), Refusal> {
        let mut lease = self
            .peer
            .lease_unannounced()
            .map_err(|_| self.core.overloaded())?;
        let mut whole = Vec::new();
        while self.fill().await? {
            self.within_limit(self.read)?;
            if whole.len() + self.chunk.len() > whole.capacity() {
                let most = self
                    .core
                    .settings
                    .message_bytes_max
                    .min(self.core.budget.lease_max());
                let wanted = (self.read * 2).min(most).max(self.read);
                lease.grow_to(wanted).map_err(|_| self.core.denied(wanted))?;
                whole.reserve_exact(wanted as usize - whole.len());
            }
            whole.extend_from_slice(&self.chunk);
            self.chunk = Bytes::new();
        }
        Ok((whole.into(), lease))
    }

    /// A unary call has one message and nothing after it.
    async fn end(&mut self) -> Result<(), Refusal> {
        match !self.chunk.is_empty() || self.fill().await? {
            true => Err(Refusal::BadFrame("bytes after the message")),
            false => Ok(()),
        }
    }

    /// The next chunk with bytes in it; `false` at the end of the body.
    async fn fill(&mut self) -> Result<bool, Refusal> {
        loop {
            let Some(frame) = self.frame().await else {
                self.may_stay()?;
                continue;
            };
            match frame {
                None => return Ok(false),
                Some(Err(_cut)) => return Err(cut_off()),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        self.read += data.len() as u64;
                        self.chunk = data;
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// The next frame; `None` when it is time to look whether this body may stay.
    async fn frame(&mut self) -> Option<Next> {
        let deadline = self.deadline();
        let Gather { body, look, .. } = self;
        poll_fn(|cx| {
            if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(cx) {
                return Poll::Ready(Some(frame));
            }
            let due = look.get_or_insert_with(|| Box::pin(sleep_until(deadline.min(Instant::now() + LOOK))));
            ready!(due.as_mut().poll(cx));
            *look = None;
            Poll::Ready(None)
        })
        .await
    }

    fn deadline(&self) -> Instant {
        self.started + self.core.settings.request_time_max
    }

    fn may_stay(&self) -> Result<(), Refusal> {
        let now = Instant::now();
        match now >= self.deadline() || self.is_in_the_way(now) {
            true => Err(Refusal::TooSlow(self.core.budget.retry_delay())),
            false => Ok(()),
        }
    }

    /// Whether this body holds memory that others are refused, and comes slower than 1 MiB/s (A6).
    fn is_in_the_way(&self, now: Instant) -> bool {
        let age = now - self.started;
        age >= self.core.settings.slow_body_age
            && self.core.budget.is_refusing()
            && u128::from(self.read) * 1_000 < u128::from(MIB) * age.as_millis()
    }
}

fn cut_off() -> Refusal {
    Refusal::Undecodable {
        field: "message".into(),
        what: "the message is cut off".into(),
    }
}
