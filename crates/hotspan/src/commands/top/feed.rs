//! What comes from outside: an answer of the daemon every so often, and signals that end the view.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

use crate::client::{Asked, Client};
use crate::exit::Failure;

/// What is asked for.
pub(super) const PATH: &str = "/api/v1/hotspots";
/// Most hotspots that are shown.
pub(super) const LIMIT: &str = "200";
/// News that may wait to be seen.
const WAITING: usize = 8;

/// Something came.
#[derive(Debug)]
pub(super) enum News {
    /// The daemon answered, or why not.
    Answer(Result<Value, String>),
    /// Somebody wants the program to end.
    Signal,
}

/// News for as long as it is held.
#[derive(Debug)]
pub(super) struct Feed {
    news: Receiver<News>,
    /// The asking thread ends when this is gone.
    _stop: std::sync::mpsc::Sender<()>,
}

impl Feed {
    pub(super) fn start(client: Client, asked: Asked, every: Duration) -> io::Result<Feed> {
        let (sender, news) = sync_channel(WAITING);
        let (stop, stopped) = channel();
        let answers = sender.clone();
        thread::Builder::new()
            .name("top-asks".to_owned())
            .spawn(move || ask(&client, &asked, (every, &stopped), &answers))?;
        thread::Builder::new()
            .name("top-signals".to_owned())
            .spawn(move || signals(&sender))?;
        Ok(Feed { news, _stop: stop })
    }

    /// The next news, if there is any.
    pub(super) fn poll(&self) -> Option<News> {
        self.news.try_recv().ok()
    }
}

fn ask(client: &Client, asked: &Asked, (every, stopped): (Duration, &Receiver<()>), news: &SyncSender<News>) {
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(every) {
        let answer = client.json(PATH, asked).map_err(why);
        if news.send(News::Answer(answer)).is_err() {
            return;
        }
    }
}

/// Why there is no answer, without what to do about it: the view goes on asking.
fn why(failure: Failure) -> String {
    let said = failure.to_string();
    said.split(';').next().unwrap_or_default().to_owned()
}

fn signals(news: &SyncSender<News>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return };
    let ended = runtime.block_on(async {
        let mut term = signal(SignalKind::terminate())?;
        let mut int = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
            _ = hangup.recv() => {}
        }
        io::Result::Ok(())
    });
    if ended.is_ok() {
        // The view may be over already.
        drop(news.send(News::Signal));
    }
}
