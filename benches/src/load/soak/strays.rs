//! Connections that come and go beside the load: silent ones, empty exports, questions, noise.

use std::collections::VecDeque;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::receiver::Receiver;

/// Time from one to the next.
const APART: Duration = Duration::from_millis(50);
/// So many are open at once.
const OPEN: usize = 16;
/// What they say first, each over every listener.
const WORDS: [&str; 4] = [
    "",
    "POST /v1/traces HTTP/1.1\r\nhost: stray\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
    "GET /livez HTTP/1.1\r\nhost: stray\r\n\r\n",
    "\u{16}\u{3}\u{1} this is nobody's protocol\r\n\r\n",
];

/// A thread that makes them.
pub(super) struct Strays {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Strays {
    pub(super) fn start(receiver: &Receiver) -> Strays {
        let listeners: Vec<_> = [Some(receiver.grpc()), receiver.http(), receiver.api()]
            .into_iter()
            .flatten()
            .collect();
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || stray(&listeners, &seen));
        Strays { is_over, thread }
    }

    /// Closes them; how many were opened.
    pub(super) fn stop(self) -> u64 {
        self.is_over.store(true, Relaxed);
        self.thread.join().unwrap_or(0)
    }
}

fn stray(listeners: &[SocketAddr], is_over: &AtomicBool) -> u64 {
    let (mut open, mut opened) = (VecDeque::new(), 0);
    for words in WORDS.iter().cycle() {
        for &listener in listeners {
            if is_over.load(Relaxed) {
                return opened;
            }
            // One that is turned away is what strays live with.
            if let Ok(mut stream) = TcpStream::connect(listener)
                && stream.write_all(words.as_bytes()).is_ok()
            {
                opened += 1;
                open.push_back(stream);
            }
            if open.len() > OPEN {
                open.pop_front();
            }
            crate::rest(APART);
        }
    }
    opened
}
