//! What one connection is doing, so that those that do nothing can be ended.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::Settings;

/// Bytes that tell HTTP/1 from HTTP/2.
const PREFACE_BYTES: u64 = 24;
/// How long a refused sender may go on before it is cut off.
pub(crate) const LINGER: Duration = Duration::from_secs(2);
/// Stands for no moment.
const NEVER: u64 = u64::MAX;

/// What a connection has done so far. Moments are in milliseconds after its start.
#[derive(Debug)]
pub(crate) struct Activity {
    started: Instant,
    /// Bytes read.
    read: AtomicU64,
    is_http2: AtomicBool,
    /// Requests whose reply is not sent yet.
    running: AtomicU64,
    /// Since when headers are waited for: the start, or the first byte after a reply. HTTP/2 mixes headers with
    /// frames of its own, so there only the preface is waited for.
    head_since: AtomicU64,
    /// When the last reply was sent.
    quiet_since: AtomicU64,
    /// A request was refused whose body may still be on its way.
    has_refused: AtomicBool,
}

/// What is to be done about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing now; look again at this moment.
    Look(Instant),
    /// It is asked to go.
    Close,
    /// It is closed at once.
    Cut,
}

impl Activity {
    pub(crate) fn new() -> Arc<Activity> {
        Arc::new(Activity {
            started: Instant::now(),
            read: AtomicU64::new(0),
            is_http2: AtomicBool::new(false),
            running: AtomicU64::new(0),
            head_since: AtomicU64::new(0),
            quiet_since: AtomicU64::new(0),
            has_refused: AtomicBool::new(false),
        })
    }

    /// A request began.
    pub(crate) fn begin(self: &Arc<Self>) -> Running {
        self.running.fetch_add(1, Relaxed);
        self.head_since.store(NEVER, Relaxed);
        Running(Arc::clone(self))
    }

    /// Requests whose reply is not sent yet.
    pub(crate) fn running(&self) -> u64 {
        self.running.load(Relaxed)
    }

    /// A request was refused: its sender may be writing still, and must be let to read why.
    pub(crate) fn refused(&self) {
        self.has_refused.store(true, Relaxed);
    }

    /// What is to be done at `now`.
    pub(crate) fn due(&self, settings: &Settings, now: Instant) -> Due {
        let head = self.head_since.load(Relaxed);
        if head != NEVER && now >= self.at(head, settings.header_time_max) {
            return Due::Cut;
        }
        let age = settings.connection_age_max.map(|age| self.started + age);
        let idle = match self.running.load(Relaxed) {
            0 => self.at(self.quiet_since.load(Relaxed), settings.idle_max),
            _ => now + settings.idle_max,
        };
        if now >= idle || age.is_some_and(|age| now >= age) {
            return Due::Close;
        }
        // Headers may begin at any moment, so it is looked after as often as they may take.
        let next = idle.min(now + settings.header_time_max);
        Due::Look(age.map_or(next, |age| next.min(age)))
    }

    fn at(&self, since: u64, length: Duration) -> Instant {
        self.started + Duration::from_millis(since) + length
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(NEVER - 1)
    }

    fn saw(&self, bytes: &[u8]) {
        let before = self.read.fetch_add(bytes.len() as u64, Relaxed);
        // `PRI * HTTP/2.0`: no method of HTTP/1 has an R there.
        if before < 2 && bytes.get(1 - before as usize) == Some(&b'R') {
            self.is_http2.store(true, Relaxed);
        }
        match self.is_http2.load(Relaxed) {
            true if before + bytes.len() as u64 >= PREFACE_BYTES => self.head_since.store(NEVER, Relaxed),
            true => {}
            false => self.saw_http1(),
        }
    }

    fn saw_http1(&self) {
        if self.running.load(Relaxed) == 0 && self.head_since.load(Relaxed) == NEVER {
            self.head_since.store(self.now(), Relaxed);
        }
    }
}

/// A request whose reply is not sent yet; ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Running(Arc<Activity>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.quiet_since.store(self.0.now(), Relaxed);
        self.0.running.fetch_sub(1, Relaxed);
    }
}

/// A stream that notes what is read from it, and does not hang up on a sender that was refused: closing a socket
/// with unread bytes resets it, and the sender would never see the answer.
#[derive(Debug)]
pub(crate) struct Metered<T> {
    stream: T,
    activity: Arc<Activity>,
    /// Ends the wait for the sender to hang up first.
    linger: Option<Pin<Box<Sleep>>>,
}

impl<T> Metered<T> {
    pub(crate) fn new(stream: T, activity: &Arc<Activity>) -> Metered<T> {
        Metered {
            stream,
            activity: Arc::clone(activity),
            linger: None,
        }
    }
}

impl<T: AsyncRead + Unpin> Metered<T> {
    /// Reads and forgets what still comes, until the sender hangs up or has had its time.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.linger.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        let mut scratch = [0; 8 << 10];
        loop {
            if sleep.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Metered<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let new = &buf.filled()[filled..];
        if !new.is_empty() {
            self.activity.saw(new);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Metered<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        match self.activity.has_refused.load(Relaxed) {
            true => self.poll_linger(cx).map(Ok),
            false => Poll::Ready(Ok(())),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due_after(activity: &Activity, seconds: u64) -> Due {
        due_with(activity, seconds, &Settings::default())
    }

    fn due_with(activity: &Activity, seconds: u64, settings: &Settings) -> Due {
        activity.due(settings, activity.started + Duration::from_secs(seconds))
    }

    #[test]
    fn x15_a_silent_connection_is_cut_when_headers_are_due() {
        let activity = Activity::new();
        assert!(matches!(due_after(&activity, 9), Due::Look(_)));
        assert_eq!(due_after(&activity, 10), Due::Cut);
        activity.saw(b"POST /v1/tra");
        assert_eq!(due_after(&activity, 10), Due::Cut);
        activity.saw(b"ces HTTP/1.1");
        assert_eq!(
            due_after(&activity, 10),
            Due::Cut,
            "24 bytes of HTTP/1 are no headers"
        );
    }

    #[test]
    fn a_connection_of_http2_may_be_quiet_until_it_is_idle() {
        let activity = Activity::new();
        for byte in b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" {
            activity.saw(&[*byte]);
        }
        assert!(matches!(due_after(&activity, 299), Due::Look(_)));
        assert_eq!(due_after(&activity, 300), Due::Close);
    }

    #[test]
    fn keep_alive_lasts_until_idle_but_started_headers_must_end() {
        let activity = Activity::new();
        activity.saw(b"POST");
        let running = activity.begin();
        assert!(
            matches!(due_after(&activity, 1_000), Due::Look(_)),
            "a request runs"
        );
        drop(running);
        assert!(matches!(due_after(&activity, 299), Due::Look(_)));
        activity.saw(b"P");
        assert_eq!(due_after(&activity, 11), Due::Cut);
    }

    #[test]
    fn g08_an_old_connection_is_asked_to_go() {
        let settings = Settings {
            connection_age_max: Some(Duration::from_secs(60)),
            ..Settings::default()
        };
        let activity = Activity::new();
        let _running = activity.begin();
        assert!(matches!(due_with(&activity, 59, &settings), Due::Look(_)));
        assert_eq!(due_with(&activity, 60, &settings), Due::Close);
    }
}
