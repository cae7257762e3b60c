//! A segment of the log on disk: nothing panics, what is read twice is the same, and what was torn stays cut off.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::rc::Rc;

use hotspan_log::{Begin, Disk, DiskFile, Log, LogError, Passed, Reader, Record, Settings};

/// Any bytes as the one segment of a log.
pub fn log(data: &[u8]) {
    let disk = Files::default();
    disk.0
        .borrow_mut()
        .insert(format!("{:020}.log", 0), data.to_vec());
    let Ok((all, _)) = read(&disk, true) else {
        return;
    };
    let begin = Begin {
        needed: None,
        generation: 1,
        skips: false,
    };
    let Ok(opened) = Log::open(disk.clone(), Settings::default(), begin) else {
        assert!(
            read(&disk, false).is_err(),
            "a log that is refused cannot be read"
        );
        return;
    };
    let (records, passed) = read(&disk, false).unwrap_or_else(|error| panic!("it was opened: {error}"));
    assert_eq!(passed, Passed::default(), "what was torn is cut off");
    assert_eq!(opened.log.next(), records.len() as u64);
    assert_eq!(records, all, "nothing is passed over in a whole log");
    let in_order = records.is_sorted_by_key(|record| (record.at.offset, record.at.time));
    assert!(in_order, "numbers and times go on");
}

fn read(disk: &Files, skips: bool) -> Result<(Vec<Record>, Passed), LogError> {
    let mut reader = Reader::open(disk, skips)?;
    let records = reader.by_ref().collect::<Result<Vec<Record>, LogError>>()?;
    Ok((records, reader.passed()))
}

/// A directory in memory; clones are the same.
#[derive(Clone, Debug, Default)]
struct Files(Rc<RefCell<BTreeMap<String, Vec<u8>>>>);

/// Nothing is appended here.
#[derive(Debug)]
struct Unwritten;

impl Disk for Files {
    type File = Unwritten;

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.0.borrow().keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<(Box<dyn Read + Send>, u64)> {
        let bytes = self
            .0
            .borrow()
            .get(name)
            .cloned()
            .ok_or(io::ErrorKind::NotFound)?;
        let length = bytes.len() as u64;
        Ok((Box::new(Cursor::new(bytes)), length))
    }

    fn create(&self, _: &str) -> io::Result<Unwritten> {
        Ok(Unwritten)
    }

    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.borrow_mut().remove(name);
        Ok(())
    }

    fn cut(&self, name: &str, bytes: u64) -> io::Result<()> {
        if let Some(file) = self.0.borrow_mut().get_mut(name) {
            file.truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

impl DiskFile for Unwritten {
    fn append(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}
