//! Looks at each view and tells receivers what is due, each in its own task behind a short queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hotspan_model::LogTime;
use http::Uri;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle as Task;
use tracing::Instrument as _;

use super::body;
use super::call::{CallError, Caller, CallerError};
use super::life::Life;
use super::what::firing;
use crate::config::Secret;
use crate::shared::Shared;

/// How often what fires is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Messages that wait for one receiver; beyond, they are counted as failed.
const WAITING_MAX: usize = 16;
/// Waits between tries; a message that none of them brings is counted as failed.
const TRIES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Alertmanager,
    Webhook,
}

impl Target {
    pub(crate) const ALL: [Target; 2] = [Target::Alertmanager, Target::Webhook];

    /// How metrics call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Target::Alertmanager => "alertmanager",
            Target::Webhook => "webhook",
        }
    }
}

/// What became of alerts; `target as usize` is the place.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) firing: AtomicU64,
    pub(crate) sent: [AtomicU64; Target::ALL.len()],
    pub(crate) failed: [AtomicU64; Target::ALL.len()],
}

/// The running tasks. They end when it is dropped; a receiver takes what it hears no more of for over by itself.
#[derive(Debug)]
pub(crate) struct Sender(Vec<Task<()>>);

impl Drop for Sender {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

/// A queue to one receiver.
struct Outbox {
    target: Target,
    messages: mpsc::Sender<Bytes>,
}

impl Sender {
    /// Starts telling whoever is to be told; nobody is no error.
    pub(crate) fn start(shared: &Arc<Shared>) -> Result<Sender, CallerError> {
        let settings = shared.alerts.load();
        if !settings.is_on() {
            return Ok(Sender(Vec::new()));
        }
        let caller = Arc::new(Caller::new(settings.allowed.clone(), settings.ca.as_deref())?);
        let mut tasks = Vec::new();
        let alertmanager = settings.alertmanager.as_ref();
        let alertmanager = alertmanager.map(|url| format!("{}/api/v2/alerts", url.trim_end_matches('/')));
        let mut outbox = |target, url: &str, secret: Secret| {
            let url: Uri = url.parse().ok()?;
            let (messages, waiting) = mpsc::channel(WAITING_MAX);
            let (caller, shared) = (Arc::clone(&caller), Arc::clone(shared));
            let brought = async move {
                bring(target, &url, &secret, waiting, &caller, &shared.alert_counts).await;
            };
            tasks.push(tokio::spawn(brought.in_current_span()));
            Some(Outbox { target, messages })
        };
        let outboxes = [
            outbox(
                Target::Alertmanager,
                &alertmanager.unwrap_or_default(),
                Secret::default(),
            ),
            outbox(
                Target::Webhook,
                settings.webhook.expose(),
                settings.secret.clone(),
            ),
        ];
        tasks.push(tokio::spawn(look(Arc::clone(shared), outboxes).in_current_span()));
        Ok(Sender(tasks))
    }
}

/// Looks at the newest view for as long as the daemon lives.
async fn look(shared: Arc<Shared>, [alertmanager, webhook]: [Option<Outbox>; 2]) {
    let (mut life, mut pace) = (Life::default(), tokio::time::interval(LOOK));
    let counts = &shared.alert_counts;
    loop {
        pace.tick().await;
        let view = shared.view.load_full();
        // Before the first view nothing is known, and nothing is over.
        if view.version == 0 {
            continue;
        }
        let (now, settings) = (now(), shared.alerts.load());
        life.observe(firing(&view, &settings), now);
        counts.firing.store(life.firing(), Relaxed);
        if let Some(outbox) = &alertmanager {
            let due = life.for_alertmanager(now);
            if !due.is_empty() {
                outbox.put(&body::alertmanager(&due), counts);
            }
        }
        if let Some(outbox) = &webhook {
            for (service, due) in life.for_webhook(now) {
                outbox.put(&body::webhook(&service, &due, &settings.page), counts);
            }
        }
        life.forget(now);
    }
}

impl Outbox {
    fn put(&self, body: &Value, counts: &Counts) {
        if self.messages.try_send(body.to_string().into()).is_err() {
            counts.failed[self.target as usize].fetch_add(1, Relaxed);
            tracing::warn!(
                receiver = self.target.name(),
                "too many alerts wait; this one is given up"
            );
        }
    }
}

/// Brings messages one after the other, each with a few tries.
async fn bring(
    target: Target,
    url: &Uri,
    secret: &Secret,
    mut waiting: mpsc::Receiver<Bytes>,
    caller: &Caller,
    counts: &Counts,
) {
    while let Some(body) = waiting.recv().await {
        match tries(caller, url, &body, secret).await {
            Ok(()) => counts.sent[target as usize].fetch_add(1, Relaxed),
            Err(error) => {
                tracing::warn!(receiver = target.name(), %error, "an alert was not sent");
                counts.failed[target as usize].fetch_add(1, Relaxed)
            }
        };
    }
}

async fn tries(caller: &Caller, url: &Uri, body: &Bytes, secret: &Secret) -> Result<(), CallError> {
    for wait in TRIES {
        match caller.post(url, body.clone(), secret).await {
            Err(error) if error.is_passing() => {
                tracing::debug!(%error, "an alert is tried again");
                tokio::time::sleep(wait).await;
            }
            outcome => return outcome,
        }
    }
    caller.post(url, body.clone(), secret).await
}

fn now() -> LogTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    LogTime(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
