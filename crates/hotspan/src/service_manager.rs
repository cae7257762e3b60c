//! What a service manager hears (sd_notify of systemd): ready, alive, stopping. Silent where none listens.

use std::time::Duration;

use sd_notify::NotifyState;

/// Says that everything listens, and from then on, where the manager watches, that the runtime turns. Ends with
/// the runtime.
pub(crate) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    if let Some(patience) = sd_notify::watchdog_enabled() {
        tokio::spawn(stay_alive(patience / 2));
    }
}

/// Says that it drains.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Twice within the manager's patience, as its manual asks for.
async fn stay_alive(every: Duration) {
    let mut turns = tokio::time::interval(every.max(Duration::from_millis(1)));
    loop {
        turns.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager (NOTIFY_SOCKET) hears nothing");
    }
}
