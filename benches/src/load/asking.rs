//! Asks the daemon while it ingests: what became of the spans, and how long an answer takes.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

/// The counters that rows are made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    pub(crate) received: u64,
    pub(crate) analysed: u64,
    pub(crate) open: u64,
    /// For any reason.
    pub(crate) dropped: u64,
    /// Requests, for want of room.
    pub(crate) refused: u64,
    /// What gives way to the load.
    pub(crate) level: String,
    pub(crate) hotspots: u64,
}

/// The counters as of the newest snapshot.
pub(crate) fn status(api: SocketAddr) -> Result<Status> {
    let answer = json(api, "/api/v1/hotspots?limit=1")?;
    let (spans, pressure) = (&answer["coverage"]["spans"], &answer["coverage"]["pressure"]);
    let number = |of: &Value| of.as_u64().unwrap_or(0);
    let dropped = spans["dropped"].as_object();
    Ok(Status {
        received: number(&spans["received"]),
        analysed: number(&spans["analysed"]),
        open: number(&spans["open"]),
        dropped: dropped.map_or(0, |reasons| reasons.values().map(number).sum()),
        refused: number(&pressure["requests_refused"]),
        level: pressure["level"].as_str().unwrap_or("?").to_owned(),
        hotspots: number(&answer["total"]),
    })
}

/// How many hotspots a service has.
pub(crate) fn hotspots_of(api: SocketAddr, service: &str) -> Result<u64> {
    let answer = json(api, &format!("/api/v1/hotspots?service={service}"))?;
    Ok(answer["total"].as_u64().unwrap_or(0))
}

fn json(api: SocketAddr, path: &str) -> Result<Value> {
    let text = ureq::get(format!("http://{api}{path}"))
        .call()?
        .body_mut()
        .read_to_string()?;
    Ok(serde_json::from_str(&text)?)
}

/// A thread that asks for hotspots at a steady rate.
#[derive(Debug)]
pub(crate) struct Asker {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<Duration>>>,
}

/// How long answers took, shortest first.
#[derive(Debug, Default)]
pub(crate) struct Asked(Vec<Duration>);

impl Asker {
    pub(crate) fn start(api: Option<SocketAddr>, a_second: u32) -> Asker {
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let apart = Duration::from_secs(1).checked_div(a_second);
        let thread = api
            .zip(apart)
            .map(|(api, apart)| std::thread::spawn(move || ask(api, apart, &seen)));
        Asker { is_over, thread }
    }

    pub(crate) fn stop(self) -> Asked {
        self.is_over.store(true, Relaxed);
        let mut took = self
            .thread
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default();
        took.sort_unstable();
        Asked(took)
    }
}

/// How long each answer took; one that fails took for ever.
fn ask(api: SocketAddr, apart: Duration, is_over: &AtomicBool) -> Vec<Duration> {
    let mut took = Vec::new();
    while !is_over.load(Relaxed) {
        let start = Instant::now();
        let answer = json(api, "/api/v1/hotspots");
        took.push(if answer.is_ok() {
            start.elapsed()
        } else {
            Duration::MAX
        });
        crate::rest(apart.saturating_sub(start.elapsed()));
    }
    took
}

impl Asked {
    fn quantile(&self, percent: usize) -> Option<Duration> {
        let place = (self.0.len() * percent).div_ceil(100);
        self.0.get(place.checked_sub(1)?).copied()
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.quantile(50).zip(self.quantile(99)) {
            Some((half, most)) => write!(
                f,
                "{:.1} / {:.1} of {}",
                half.as_secs_f64() * 1e3,
                most.as_secs_f64() * 1e3,
                self.0.len()
            ),
            None => f.write_str("not asked"),
        }
    }
}
