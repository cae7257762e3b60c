//! The process that is measured: started here, read from `/proc`, stopped here.

use std::fs::File;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::Arguments;

/// Longest wait for a start.
const START: Duration = Duration::from_secs(10);
/// Longest wait for an end.
const END: Duration = Duration::from_secs(25);
/// Time of one tick of `/proc/PID/stat` (proc(5)), on every Linux that this runs on.
const TICK: Duration = Duration::from_millis(10);

/// A receiver that this program started and stops.
#[derive(Debug)]
pub(crate) struct Receiver {
    child: Child,
    grpc: SocketAddr,
    http: Option<SocketAddr>,
    api: Option<SocketAddr>,
}

/// What a process used so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    /// Page faults that read nothing from a disk.
    pub(crate) faults: u64,
    /// Memory that is resident.
    pub(crate) resident_bytes: u64,
    /// The most that was at once since the start.
    pub(crate) peak_bytes: u64,
    pub(crate) threads: u64,
    /// Open file descriptors.
    pub(crate) files: u64,
}

impl Receiver {
    pub(crate) fn start(arguments: &Arguments) -> Result<Receiver> {
        match &arguments.rival {
            Some(line) => Receiver::rival(line, arguments.port),
            None => {
                let mut command = serve(arguments);
                Receiver::own(
                    command
                        .args(["--in-memory", "--log", "warn"])
                        .stderr(Stdio::null()),
                )
            }
        }
    }

    /// A daemon that keeps its hotspots in `data` and reads `config`; what it logs goes to `log`.
    pub(crate) fn kept(arguments: &Arguments, data: &Path, config: &Path, log: File) -> Result<Receiver> {
        let mut command = serve(arguments);
        let command = command.arg("--data-dir").arg(data).arg("--config").arg(config);
        Receiver::own(command.stderr(log))
    }

    fn own(command: &mut Command) -> Result<Receiver> {
        let ready = std::env::temp_dir().join(format!("hotspan-load-{}.json", std::process::id()));
        drop(std::fs::remove_file(&ready));
        let mut child = spawn(command.arg("--ready-file").arg(&ready))?;
        let addresses = until_started(&mut child, || {
            serde_json::from_slice::<Value>(&std::fs::read(&ready).ok()?).ok()
        });
        drop(std::fs::remove_file(&ready));
        let addresses = addresses?;
        let address = |key: &str| -> Result<SocketAddr> {
            let text = addresses[key]
                .as_str()
                .with_context(|| format!("no {key} in the ready file"))?;
            Ok(text.parse()?)
        };
        Ok(Receiver {
            http: Some(address("otlp_http")?),
            grpc: address("otlp_grpc")?,
            api: Some(address("listen")?),
            child,
        })
    }

    fn rival(line: &str, port: u16) -> Result<Receiver> {
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().context("--rival is empty")?);
        let mut child = spawn(command.args(words).stderr(Stdio::null()))?;
        let grpc = SocketAddr::from(([127, 0, 0, 1], port));
        until_started(&mut child, || TcpStream::connect(grpc).ok())?;
        Ok(Receiver {
            child,
            grpc,
            http: None,
            api: None,
        })
    }

    /// Where it takes OTLP/gRPC.
    pub(crate) fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// Where it takes OTLP/HTTP; `None` for a rival.
    pub(crate) fn http(&self) -> Option<SocketAddr> {
        self.http
    }

    /// Has the process read its configuration again.
    pub(crate) fn hang_up(&self) -> Result<()> {
        self.signal(Signal::HUP)
    }

    /// Ends it as a service manager would, and gives how it ended.
    pub(crate) fn end(mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        let deadline = Instant::now() + END;
        loop {
            match self.child.try_wait()? {
                Some(status) => return Ok(status),
                None if Instant::now() > deadline => bail!("the receiver did not end within {END:?}"),
                None => crate::rest(Duration::from_millis(20)),
            }
        }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_child(&self.child);
        Ok(kill_process(pid, signal)?)
    }

    /// Where it answers; `None` for a rival.
    pub(crate) fn api(&self) -> Option<SocketAddr> {
        self.api
    }

    /// What it used since its start.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let of = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id()));
        let (stat, status) = (of("stat")?, of("status")?);
        // The name of the program, in brackets, may hold spaces; after it comes field 3.
        let behind_name = stat.rsplit(')').next().unwrap_or_default();
        let fields: Vec<u64> = behind_name
            .split_whitespace()
            .map(|field| field.parse().unwrap_or(0))
            .collect();
        let field = |number: usize| fields.get(number - 3).copied().unwrap_or(0);
        let number = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        };
        let bytes = |key| number(key).unwrap_or(0) << 10;
        Ok(Usage {
            user: TICK * field(14) as u32,
            system: TICK * field(15) as u32,
            faults: field(10),
            resident_bytes: bytes("VmRSS:"),
            peak_bytes: bytes("VmHWM:"),
            threads: number("Threads:").unwrap_or(0),
            files: std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count() as u64,
        })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Usage {
    pub(crate) fn cpu(&self) -> Duration {
        self.user + self.system
    }

    /// What was used after `start`; the peak stays.
    pub(crate) fn since(&self, start: &Usage) -> Usage {
        Usage {
            user: self.user - start.user,
            system: self.system - start.system,
            faults: self.faults - start.faults,
            ..*self
        }
    }
}

/// A daemon on ports of its own, with what the caller wants beside.
fn serve(arguments: &Arguments) -> Command {
    let mut command = Command::new(&arguments.daemon);
    command.arg("serve");
    for key in ["--otlp-grpc", "--otlp-http", "--listen"] {
        command.args([key, "127.0.0.1:0"]);
    }
    command.args(arguments.with.split_whitespace());
    command
}

fn spawn(command: &mut Command) -> Result<Child> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    child.with_context(|| format!("{command:?}"))
}

/// Asks until there is an answer.
fn until_started<T>(child: &mut Child, ask: impl Fn() -> Option<T>) -> Result<T> {
    let deadline = Instant::now() + START;
    loop {
        if let Some(answer) = ask() {
            return Ok(answer);
        }
        if let Some(status) = child.try_wait()? {
            bail!("the receiver ended at once: {status}");
        }
        if Instant::now() > deadline {
            drop(child.kill());
            bail!("the receiver did not start within {START:?}");
        }
        crate::rest(Duration::from_millis(20));
    }
}
