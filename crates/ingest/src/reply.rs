//! The body of a reply: at most one message, something to wait for, and trailers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::activity::Running;

/// More bytes, later.
type Later = Pin<Box<dyn Future<Output = Bytes> + Send>>;

/// A reply's body.
#[derive(Default)]
pub(crate) struct Reply {
    data: Option<Bytes>,
    later: Option<Later>,
    trailers: Option<HeaderMap>,
    running: Option<Running>,
}

impl Reply {
    /// So many bytes.
    pub(crate) fn bytes(data: Bytes) -> Reply {
        Reply {
            data: (!data.is_empty()).then_some(data),
            ..Reply::default()
        }
    }

    /// The same, and `later` after them.
    pub(crate) fn then(mut self, later: Later) -> Reply {
        self.later = Some(later);
        self
    }

    /// The same, with trailers at the end.
    pub(crate) fn with_trailers(mut self, trailers: HeaderMap) -> Reply {
        self.trailers = Some(trailers);
        self
    }

    /// The same; the request counts as running until it is sent.
    pub(crate) fn hold(mut self, running: Running) -> Reply {
        self.running = Some(running);
        self
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if let Some(later) = &mut self.later {
            let data = ready!(later.as_mut().poll(cx));
            self.later = None;
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.later.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.later {
            None => SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64)),
            Some(_) => SizeHint::default(),
        }
    }
}
