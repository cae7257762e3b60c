//! Bytes that are not what was written: found out or cut off, and never read as something else.

use hotspan_log::{Kind, Log, LogError, NotAppended, Passed, Reader, Record, Settings};
use hotspan_model::LogTime;
use proptest::prelude::*;

use crate::disk::Forgetful;
use crate::lives::open;

/// Groups of records of these lengths; gives them as they were appended.
fn written(groups: &[Vec<u16>]) -> (Forgetful, Vec<Record>) {
    let disk = Forgetful::default();
    let mut log = open(&disk, None, false).expect("it is new").log;
    let mut records = Vec::new();
    for (nth, group) in groups.iter().enumerate() {
        for length in group {
            let payload = vec![nth as u8; usize::from(*length)];
            let at = log
                .append(Kind::Request, LogTime(nth as u64 + 1), &[&payload])
                .expect("there is room");
            records.push(Record {
                at,
                kind: Kind::Request,
                payload,
            });
        }
        log.commit().expect("nothing fails");
    }
    (disk, records)
}

fn names(disk: &Forgetful) -> Vec<String> {
    use hotspan_log::Disk as _;
    disk.names().expect("nothing fails")
}

fn all(disk: &Forgetful, skips: bool) -> Result<(Vec<Record>, Passed), LogError> {
    let mut reader = Reader::open(disk, skips)?;
    let records = reader.by_ref().collect::<Result<Vec<Record>, LogError>>()?;
    Ok((records, reader.passed()))
}

fn groups() -> impl Strategy<Value = Vec<Vec<u16>>> {
    prop::collection::vec(prop::collection::vec(0..400_u16, 1..5), 2..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn w2_what_was_written_is_read(groups in groups()) {
        let (disk, records) = written(&groups);
        prop_assert_eq!(all(&disk, false).unwrap(), (records, Passed::default()));
    }

    /// The last segment cut anywhere: what is before the cut is read, and the rest is counted.
    #[test]
    fn w4_a_log_that_is_cut_off_is_read_up_to_there(groups in groups(), at in any::<prop::sample::Index>()) {
        let (disk, records) = written(&groups);
        let last = names(&disk).pop().unwrap();
        let mut bytes = disk.bytes(&last);
        bytes.truncate(at.index(bytes.len()));
        let cut = bytes.len();
        disk.put(&last, bytes);
        match all(&disk, false) {
            Err(LogError::Corrupt { .. }) => prop_assert!(cut < 40, "the head is on disk before the segment has its name"),
            Err(error) => prop_assert!(false, "{}", error),
            Ok((read, passed)) => {
                prop_assert_eq!(&read[..], &records[..read.len()]);
                prop_assert_eq!(passed.lost, 0);
                let opened = open(&disk, None, false).unwrap();
                prop_assert_eq!(opened.passed.torn, passed.torn);
                prop_assert_eq!(opened.log.next(), read.len() as u64);
                prop_assert_eq!(all(&disk, false).unwrap(), (read, Passed::default()), "what was torn is cut off");
            }
        }
    }

    /// One byte changed anywhere: the log is refused with its place, or the last group ends before it; with
    /// `skips` all other records are read.
    #[test]
    fn w4_a_byte_that_changed_is_found_out(
        groups in groups(),
        file in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        by in 1..=255_u8,
    ) {
        let (disk, records) = written(&groups);
        let names = names(&disk);
        let name = file.get(&names);
        let mut bytes = disk.bytes(name);
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        disk.put(name, bytes);
        let last_group = groups.last().unwrap().len();
        match all(&disk, false) {
            Ok((read, passed)) => {
                prop_assert!(records.len() - last_group <= read.len() && read.len() < records.len());
                prop_assert_eq!(&read[..], &records[..read.len()]);
                prop_assert!(passed.torn > 0 && name == names.last().unwrap());
            }
            Err(LogError::Corrupt { name: named, .. }) => prop_assert_eq!(&named, name),
            Err(error) => prop_assert!(matches!(error, LogError::Newer { .. }), "{}", error),
        }
        if at >= 40 {
            let (read, passed) = all(&disk, true).unwrap();
            prop_assert!(read.iter().all(|record| records.contains(record)));
            prop_assert!(records.len() - read.len() <= last_group.max(1));
            if passed.torn == 0 {
                prop_assert_eq!(read.len() as u64 + passed.lost, records.len() as u64);
            }
        }
    }

    /// Any bytes at all behind a good log.
    #[test]
    fn w4_rubbish_at_the_end_is_cut_off(groups in groups(), rubbish in prop::collection::vec(any::<u8>(), 1..500)) {
        let (disk, records) = written(&groups);
        let last = names(&disk).pop().unwrap();
        let mut bytes = disk.bytes(&last);
        bytes.extend(&rubbish);
        disk.put(&last, bytes);
        let torn = Passed { torn: rubbish.len() as u64, lost: 0 };
        prop_assert_eq!(all(&disk, false).unwrap(), (records, torn));
    }
}

#[test]
fn a_log_that_ends_before_what_the_store_used_is_refused_unless_one_may_skip() {
    let (disk, _) = written(&[vec![10, 10], vec![10]]);
    let refused = open(&disk, Some(1..9), false).expect_err("six are missing");
    assert!(
        refused.to_string().contains("records 0 to 3") && refused.to_string().contains("goes on at 9"),
        "{refused}"
    );
    assert!(refused.may_be_skipped());
    let opened = open(&disk, Some(1..9), true).expect("it was asked for");
    assert_eq!((opened.log.next(), opened.passed.lost), (9, 6));
}

#[test]
fn a_full_log_takes_ticks_alone_until_segments_are_let_go() {
    let disk = Forgetful::default();
    let settings = Settings {
        segment_bytes: 500,
        bytes_max: 2_000,
    };
    let begin = hotspan_log::Begin {
        needed: None,
        generation: 1,
        skips: false,
    };
    let mut log = Log::open(disk, settings, begin).expect("it is new").log;
    let put = |log: &mut Log<Forgetful>, kind| {
        let at = log.append(kind, LogTime(1), &[&[7; 100]])?;
        log.commit().expect("nothing fails");
        Ok(at)
    };
    while put(&mut log, Kind::Request).is_ok() {}
    assert_eq!(put(&mut log, Kind::Request), Err(NotAppended::Full));
    assert!(put(&mut log, Kind::Tick).is_ok());
    assert!(log.trim(log.next()).expect("nothing fails") > 0);
    assert!(put(&mut log, Kind::Request).is_ok());
}
