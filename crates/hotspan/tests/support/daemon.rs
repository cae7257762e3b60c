//! A daemon of one test, over real sockets.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn hotspan() -> Command {
    Command::new(env!("CARGO_BIN_EXE_hotspan"))
}

/// A daemon of this test; it is stopped with the test.
pub(crate) struct Daemon {
    child: Option<Child>,
    ready: Value,
}

impl Daemon {
    #[allow(dead_code, reason = "some tests need flags of their own")]
    pub(crate) fn start(name: &str) -> Daemon {
        Daemon::start_with(name, |_| {})
    }

    /// With more flags and variables.
    pub(crate) fn start_with(name: &str, set: impl FnOnce(&mut Command)) -> Daemon {
        let ready = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.ready"));
        drop(std::fs::remove_file(&ready));
        let mut command = hotspan();
        command.args([
            "serve",
            "--in-memory",
            "--otlp-grpc",
            "127.0.0.1:0",
            "--otlp-http",
            "127.0.0.1:0",
        ]);
        command.args([
            "--listen",
            "127.0.0.1:0",
            "--complete-quiet",
            "300ms",
            "--root-quiet",
            "600ms",
        ]);
        command
            .args(["--rootless-quiet", "900ms", "--ready-file"])
            .arg(&ready);
        command.stderr(Stdio::piped());
        set(&mut command);
        let child = command.spawn().expect("the binary runs");
        let ready = within(|| serde_json::from_str(&std::fs::read_to_string(&ready).ok()?).ok());
        Daemon {
            child: Some(child),
            ready,
        }
    }

    pub(crate) fn url(&self, key: &str) -> String {
        format!(
            "http://{}",
            self.ready[key].as_str().expect("the ready file names it")
        )
    }

    /// Sends it a signal, as an operator would.
    pub(crate) fn signal(&self, name: &str) {
        let child = self.child.as_ref().expect("it runs");
        let sent = Command::new("kill")
            .args(["-s", name, &child.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// Ends it; all it said.
    pub(crate) fn stop(mut self) -> String {
        self.signal("TERM");
        let child = self.child.take().expect("it is stopped once");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

impl Drop for Daemon {
    /// A test that fails leaves no daemon behind.
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Asks until there is an answer.
pub(crate) fn within<T>(ask: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "no answer within {PATIENCE:?}");
        std::thread::yield_now();
    }
}
