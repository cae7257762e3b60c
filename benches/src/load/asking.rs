//! Asks the daemon while it ingests: what became of the spans, and how long an answer takes.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

/// Longest wait for the last traces to be decided.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked whether they are.
const LOOK: Duration = Duration::from_millis(500);

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

/// Waits until every trace is decided, or until all patience ends; what it says then.
pub(crate) fn settled(api: SocketAddr) -> Result<Status> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = status(api)?;
        if (status.open == 0 && status.received > 0) || Instant::now() > deadline {
            return Ok(status);
        }
        crate::rest(LOOK);
    }
}

/// How many hotspots a service has.
pub(crate) fn hotspots_of(api: SocketAddr, service: &str) -> Result<u64> {
    let answer = json(api, &format!("/api/v1/hotspots?service={service}"))?;
    Ok(answer["total"].as_u64().unwrap_or(0))
}

/// The text of `/metrics`.
pub(crate) fn metrics(api: SocketAddr) -> Result<String> {
    text(api, "/metrics")
}

fn json(api: SocketAddr, path: &str) -> Result<Value> {
    Ok(serde_json::from_str(&text(api, path)?)?)
}

fn text(api: SocketAddr, path: &str) -> Result<String> {
    let mut answer = ureq::get(format!("http://{api}{path}")).call()?;
    Ok(answer.body_mut().read_to_string()?)
}

/// A thread that asks at a steady rate.
#[derive(Debug)]
pub(crate) struct Asker {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<Answered>>>,
}

/// When a question was asked and how long its answer took; one that fails takes for ever.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    pub(crate) at: Instant,
    pub(crate) took: Duration,
}

/// How long answers took, shortest first.
#[derive(Debug, Default)]
pub(crate) struct Asked(Vec<Duration>);

/// What is asked when nothing else is said.
pub(crate) const HOTSPOTS: &[&str] = &["/api/v1/hotspots"];

impl Asker {
    /// Asks for these paths in turn.
    pub(crate) fn start(api: Option<SocketAddr>, a_second: u32, paths: &'static [&'static str]) -> Asker {
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let apart = Duration::from_secs(1).checked_div(a_second);
        let thread = api
            .zip(apart)
            .map(|(api, apart)| std::thread::spawn(move || ask(api, apart, paths, &seen)));
        Asker { is_over, thread }
    }

    /// Gives every answer, in the order of asking.
    pub(crate) fn stop(self) -> Vec<Answered> {
        self.is_over.store(true, Relaxed);
        let answers = self.thread.and_then(|thread| thread.join().ok());
        answers.unwrap_or_default()
    }
}

fn ask(api: SocketAddr, apart: Duration, paths: &[&str], is_over: &AtomicBool) -> Vec<Answered> {
    let mut answers = Vec::new();
    for path in paths.iter().cycle() {
        if is_over.load(Relaxed) {
            break;
        }
        let at = Instant::now();
        let took = text(api, path).map_or(Duration::MAX, |_| at.elapsed());
        answers.push(Answered { at, took });
        crate::rest(apart.saturating_sub(at.elapsed()));
    }
    answers
}

impl FromIterator<Answered> for Asked {
    fn from_iter<T: IntoIterator<Item = Answered>>(answers: T) -> Asked {
        let mut took: Vec<_> = answers.into_iter().map(|answer| answer.took).collect();
        took.sort_unstable();
        Asked(took)
    }
}

impl Asked {
    /// Questions without an answer.
    pub(crate) fn failed(&self) -> usize {
        self.0.iter().filter(|&&took| took == Duration::MAX).count()
    }

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
