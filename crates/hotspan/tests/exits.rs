//! Each exit code of each command, against a real daemon where one is asked (CL3).

#[path = "support/daemon.rs"]
mod daemon;

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use daemon::{Daemon, hotspan, within};

/// What stands for addresses and files in the table.
struct Places {
    places: Vec<(&'static str, String)>,
}

impl Places {
    fn new(daemon: &Daemon) -> Places {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("exits");
        fs::create_dir_all(&folder).expect("the folder is there");
        let file = |name: &str, content: &str| {
            let path = folder.join(name);
            fs::write(&path, content).expect("it can be written");
            path.to_str().expect("the folder's name is text").to_owned()
        };
        let traces = file("traces.pb", "");
        let made = hotspan()
            .args([
                "gen",
                "--scenario",
                "nplus1-query",
                "--traces",
                "20",
                "-o",
                &traces,
            ])
            .output();
        assert!(made.expect("the binary runs").status.success());
        Places {
            places: vec![
                ("URL", daemon.url("listen")),
                ("OTLP", daemon.url("otlp_grpc")),
                ("NOWHERE", "http://127.0.0.1:1".to_owned()),
                ("TRACES", traces),
                ("EMPTY", file("empty.json", "{}")),
                ("BROKEN", file("broken.json", "this is no trace")),
                ("RIGHT", file("right.toml", "shards = 1")),
                ("WRONG", file("wrong.toml", "shrads = 1")),
                (
                    "FOLDER",
                    folder
                        .join("man")
                        .to_str()
                        .expect("the folder's name is text")
                        .to_owned(),
                ),
            ],
        }
    }

    /// A line of the table as arguments.
    fn arguments(&self, line: &str) -> Vec<String> {
        let place = |word: &str| {
            let found = self.places.iter().find(|(name, _)| *name == word);
            found.map_or(word.to_owned(), |(_, place)| place.clone())
        };
        line.split_whitespace().map(place).collect()
    }

    fn run(&self, line: &str) -> Output {
        hotspan()
            .args(self.arguments(line))
            .output()
            .expect("the binary runs")
    }
}

/// Commands by the code they end with. Codes that need a signal or a second program are in other tests: `serve` ends
/// with 0 wherever a daemon is stopped.
const TABLE: [(i32, &[&str]); 5] = [
    (
        0,
        &[
            "--help",
            "--version",
            "analyze TRACES",
            "analyze --fail-on slow-query TRACES",
            "trace --all TRACES",
            "hotspots --url URL",
            "hotspots list --url URL",
            "hotspots --help",
            "traces --url URL",
            "services --url URL",
            "compare --url URL",
            "operations --url URL",
            "dependencies --url URL",
            "third-parties --url URL",
            "explain --url URL",
            "audit --url URL",
            "detectors",
            "detectors --url URL",
            "doctor --watch 1 --url URL",
            "config check",
            "config check RIGHT",
            "config print RIGHT",
            "gen --traces 1 --to OTLP",
            "replay TRACES --to OTLP",
            "probe --url URL --to OTLP",
            "probe --list --url URL --to OTLP",
            "token new --scope read",
            "completions bash",
            "man",
            "man FOLDER",
        ],
    ),
    (
        1,
        &[
            "analyze --fail-on any TRACES",
            "analyze --fail-on n-plus-one-query TRACES",
        ],
    ),
    (
        2,
        &[
            "",
            "hotspotss",
            "serve --listen nowhere",
            "serve --config WRONG",
            "analyze",
            "analyze BROKEN",
            "analyze /nowhere/at/all",
            "analyze --config WRONG TRACES",
            "trace TRACES",
            "trace --id xyz TRACES",
            "trace --all BROKEN",
            "hotspots -o yaml",
            "hotspots show",
            "hotspots show xyz --url URL",
            "hotspots --state mutd --url URL",
            "hotspots --url http://a<b",
            "traces show xyz --url URL",
            "traces --limit many",
            "services --limit 0 --url URL",
            "compare yesterday now --url URL",
            "compare --traces 1 --url URL",
            "operations --limit 0 --url URL",
            "dependencies --limit 0 --url URL",
            "third-parties --limit 0 --url URL",
            "explain --limit 0 --url URL",
            "audit -o yaml",
            "audit --url OTLP",
            "detectors --config WRONG",
            "top --url URL",
            "doctor --watch 0",
            "config",
            "config check WRONG",
            "config print WRONG",
            "config check /nowhere/at/all",
            "gen",
            "gen --scenario nosuch -o FOLDER",
            "replay BROKEN --to OTLP",
            "token new --scope write",
            "completions nosuch",
            "man TRACES",
        ],
    ),
    (
        3,
        &[
            "analyze EMPTY",
            "trace --all EMPTY",
            "trace --id 1 TRACES",
            "replay EMPTY --to OTLP",
            "hotspots show 0000 --url URL",
            "hotspots ack 0000 --reason x --url URL",
            "hotspots --service nosuch --url URL",
            "traces show 1 --url URL",
            "traces --service nosuch --url URL",
            "services --service nosuch --url URL",
            "compare --service nosuch --url URL",
            "compare --traces 1 2 --url URL",
            "operations --service nosuch --url URL",
            "dependencies --service nosuch --url URL",
            "third-parties --service nosuch --url URL",
            "explain nosuch --url URL",
        ],
    ),
    (
        4,
        &[
            "hotspots --url NOWHERE",
            "hotspots show 5f0c --url NOWHERE",
            "hotspots ack 5f0c --reason x --url NOWHERE",
            "traces --url NOWHERE",
            "traces show 1 --url NOWHERE",
            "services --url NOWHERE",
            "compare --url NOWHERE",
            "operations --url NOWHERE",
            "dependencies --url NOWHERE",
            "third-parties --url NOWHERE",
            "explain --url NOWHERE",
            "audit --url NOWHERE",
            "detectors --url NOWHERE",
            "doctor --url NOWHERE",
            "gen --traces 1 --to NOWHERE",
            "replay TRACES --to NOWHERE",
            "probe --url NOWHERE",
            "probe --url URL --to NOWHERE",
        ],
    ),
];

/// A daemon that has seen traces in which nothing is amiss.
fn seeing(name: &str) -> (Daemon, Places) {
    let daemon = Daemon::start(name);
    let places = Places::new(&daemon);
    assert!(
        places
            .run("replay TRACES --to OTLP --shift-to-now")
            .status
            .success()
    );
    within(|| (!places.run("traces -o jsonl --url URL").stdout.is_empty()).then_some(()));
    (daemon, places)
}

#[test]
fn every_command_ends_with_the_code_that_tells_how() {
    let (daemon, places) = seeing("exits");
    for (code, lines) in TABLE {
        for line in lines {
            let output = places.run(line);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "hotspan {line}\n{said}");
            // Who fails says why, and on stderr.
            assert!(code <= 1 || !said.is_empty(), "hotspan {line} said nothing");
        }
    }
    daemon.stop();
    // What a doctor mends: here nobody sends.
    let daemon = Daemon::start("exits-silent");
    assert_eq!(
        Places::new(&daemon)
            .run("doctor --watch 1 --url URL")
            .status
            .code(),
        Some(1)
    );
    daemon.stop();
}

#[test]
fn a_reader_that_goes_away_is_no_news() {
    let (daemon, places) = seeing("exits-pipe");
    for line in [
        "--help",
        "analyze TRACES",
        "trace --all TRACES",
        "hotspots --url URL",
        "hotspots -o csv --url URL",
        "traces --url URL",
        "services -o json --url URL",
        "explain --url URL",
        "audit --url URL",
        "detectors",
        "doctor --watch 1 --url URL",
        "config print",
        "completions bash",
        "man",
    ] {
        let (reader, writer) = std::io::pipe().expect("there are pipes");
        drop(reader);
        let output = hotspan().args(places.arguments(line)).stdout(writer).output();
        let output = output.expect("the binary runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*said), (Some(141), ""), "hotspan {line}");
    }
    daemon.stop();
}
