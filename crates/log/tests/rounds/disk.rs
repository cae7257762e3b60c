//! A disk in memory. What was not synced may be lost or torn by a crash, sector by sector and name by name.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::rc::Rc;

use hotspan_log::{Disk, DiskFile};
use rand::Rng;
use rand::rngs::SmallRng;

const SECTOR: usize = 64;

#[derive(Debug, Default)]
struct State {
    files: Vec<Content>,
    /// As the process sees them.
    names: BTreeMap<String, usize>,
    /// As they are after a crash.
    lasting: BTreeMap<String, usize>,
    /// What was done to names since they were synced.
    pending: Vec<Change>,
    /// Steps until the process dies.
    fuse: Option<u64>,
    /// Steps until a sync fails that the process survives.
    fault: Option<u64>,
}

#[derive(Clone, Debug)]
enum Change {
    Name(String, usize),
    Rename(String, String),
    Remove(String),
}

#[derive(Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    synced: usize,
}

/// Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forgetful(Rc<RefCell<State>>);

#[derive(Debug)]
pub(crate) struct Open {
    disk: Forgetful,
    file: usize,
}

impl State {
    /// A point at which the process may die.
    fn step(&mut self) -> io::Result<()> {
        match &mut self.fuse {
            Some(0) => Err(io::Error::other("dead")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn change(&mut self, change: Change) {
        apply(&mut self.names, &change);
        self.pending.push(change);
    }
}

fn apply(names: &mut BTreeMap<String, usize>, change: &Change) {
    match change {
        Change::Name(name, file) => {
            names.insert(name.clone(), *file);
        }
        Change::Rename(from, to) => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        Change::Remove(name) => {
            names.remove(name);
        }
    }
}

impl Forgetful {
    /// The process dies after so many steps.
    pub(crate) fn light(&self, fuse: Option<u64>) {
        self.0.borrow_mut().fuse = fuse;
    }

    /// A sync fails after so many more.
    pub(crate) fn spoil(&self, fault: Option<u64>) {
        self.0.borrow_mut().fault = fault;
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.0.borrow().fuse == Some(0)
    }

    /// The power fails: what a next process finds.
    pub(crate) fn crash(&self, rng: &mut SmallRng) {
        let state = &mut *self.0.borrow_mut();
        for change in std::mem::take(&mut state.pending) {
            if rng.random() {
                apply(&mut state.lasting, &change);
            }
        }
        for file in &mut state.files {
            tear(file, rng);
        }
        state.names = state.lasting.clone();
        (state.fuse, state.fault) = (None, None);
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let state = self.0.borrow();
        state.files[state.names[name]].bytes.clone()
    }

    pub(crate) fn put(&self, name: &str, bytes: Vec<u8>) {
        let state = &mut *self.0.borrow_mut();
        let file = state.names[name];
        state.files[file] = Content {
            synced: bytes.len(),
            bytes,
        };
    }
}

/// Any part of what was not synced may be there, and any sector of it may be another.
fn tear(file: &mut Content, rng: &mut SmallRng) {
    let kept = rng.random_range(file.synced..=file.bytes.len());
    file.bytes.truncate(kept);
    let mut at = file.synced;
    while at < kept {
        let end = (at / SECTOR * SECTOR + SECTOR).min(kept);
        match rng.random_range(0..4) {
            0 => file.bytes[at..end].fill(0),
            1 => rng.fill(&mut file.bytes[at..end]),
            _ => {}
        }
        at = end;
    }
    file.synced = kept;
}

impl Disk for Forgetful {
    type File = Open;

    fn names(&self) -> io::Result<Vec<String>> {
        self.0.borrow_mut().step()?;
        Ok(self.0.borrow().names.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<(Box<dyn Read + Send>, u64)> {
        let state = &mut *self.0.borrow_mut();
        state.step()?;
        let file = state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        let bytes = state.files[*file].bytes.clone();
        let length = bytes.len() as u64;
        Ok((Box::new(io::Cursor::new(bytes)), length))
    }

    fn create(&self, name: &str) -> io::Result<Open> {
        let state = &mut *self.0.borrow_mut();
        state.step()?;
        let file = state.files.len();
        state.files.push(Content::default());
        state.change(Change::Name(name.to_owned(), file));
        state.step()?;
        Ok(Open {
            disk: self.clone(),
            file,
        })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let state = &mut *self.0.borrow_mut();
        state.step()?;
        state.change(Change::Rename(from.to_owned(), to.to_owned()));
        state.step()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let state = &mut *self.0.borrow_mut();
        state.step()?;
        state.change(Change::Remove(name.to_owned()));
        state.step()
    }

    fn cut(&self, name: &str, bytes: u64) -> io::Result<()> {
        let state = &mut *self.0.borrow_mut();
        state.step()?;
        let file = state.names[name];
        let file = &mut state.files[file];
        file.bytes.truncate(bytes as usize);
        file.synced = file.bytes.len();
        state.step()
    }

    fn sync(&self) -> io::Result<()> {
        let state = &mut *self.0.borrow_mut();
        state.step()?;
        state.lasting = state.names.clone();
        state.pending.clear();
        state.step()
    }
}

impl DiskFile for Open {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let state = &mut *self.disk.0.borrow_mut();
        // A write that is cut short leaves a part.
        let part = match state.fuse {
            Some(0) => 0,
            Some(1) => bytes.len() / 2,
            _ => bytes.len(),
        };
        state.files[self.file].bytes.extend_from_slice(&bytes[..part]);
        state.step()?;
        state.step()
    }

    fn sync(&mut self) -> io::Result<()> {
        let state = &mut *self.disk.0.borrow_mut();
        state.step()?;
        if let Some(left) = &mut state.fault {
            if *left == 0 {
                state.fault = None;
                // The system forgot the pages and says so once: from now on they count as clean.
                return Err(io::Error::other("the disk failed"));
            }
            *left -= 1;
        }
        let file = &mut state.files[self.file];
        file.synced = file.bytes.len();
        state.step()
    }
}
