//! Numbers that stand for names in rows. A number is never used again for another name; new names get new numbers.

use hotspan_model::{
    Bits, Class, Decided, FactKind, Flag, Kind, Peer, PeerReason, Status, Verb, Visibility, Vocabulary,
};

use super::Stored;
use super::reader::{Reader, Unreadable};
use super::writer::Writer;

macro_rules! codes {
    ($($name:ident { $($code:literal => $variant:ident),* $(,)? })*) => {$(
        impl Stored for $name {
            fn write(&self, to: &mut Writer<'_>) {
                to.byte(match self { $($name::$variant => $code),* });
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
                match from.byte()? {
                    $($code => Ok($name::$variant),)*
                    _ => Err(Unreadable::Damaged),
                }
            }
        }
    )*};
}

codes! {
    Vocabulary { 0 => Text, 1 => Source, 2 => Operation, 3 => Template, 4 => Callee }
    Verb { 0 => Read, 1 => Write, 2 => Ddl, 3 => Routine, 4 => Other }
    Peer { 0 => Internal, 1 => Datastore, 2 => Managed, 3 => ThirdParty, 4 => External, 5 => Unknown }
    PeerReason {
        0 => ServerChild, 1 => Rule, 2 => PeerService, 3 => DbAttributes, 4 => Managed, 5 => PrivateIp,
        6 => PublicIp, 7 => Suffix, 8 => Learned, 9 => Organisation, 10 => GenAi, 11 => PublicName, 12 => NoHost,
    }
    Class {
        0 => Internal, 1 => Server, 2 => Consumer, 3 => Wait, 4 => Connect, 5 => Checkout, 6 => DbMeta,
        7 => Db, 8 => Cache, 9 => Publish, 10 => Call, 11 => UnknownOut,
    }
    Kind { 0 => Unspecified, 1 => Internal, 2 => Server, 3 => Client, 4 => Producer, 5 => Consumer }
    Status { 0 => Unset, 1 => Ok, 2 => Error }
    Visibility { 0 => None, 1 => Visible, 2 => Hidden, 3 => Cut }
    Decided {
        0 => Complete, 1 => RootQuiet, 2 => RootlessQuiet, 3 => Age, 4 => Truncated, 5 => Cap, 6 => Barrier,
        7 => Shutdown, 8 => EndOfInput,
    }
    FactKind {
        0 => Used, 1 => Served, 2 => Paired, 3 => Carried, 4 => Looped, 5 => Orphaned, 6 => Sent, 7 => Entered,
        8 => Strayed, 9 => Working, 10 => Read, 11 => Wrote, 12 => Wordless, 13 => Nameless, 14 => Queued,
        15 => Sending, 16 => Taken, 17 => Busy, 18 => Waited, 19 => Survived, 20 => Sunk, 21 => Emptied,
    }
}

/// Flags by the bits that stand for them in rows, lowest first: a new one goes to the end.
const FLAGS: [Flag; 10] = [
    Flag::RemoteParent,
    Flag::BadParent,
    Flag::NegativeDuration,
    Flag::Failed,
    Flag::Summary,
    Flag::Batched,
    Flag::FollowsFrom,
    Flag::Ignored,
    Flag::HasSide,
    Flag::Unnamed,
];

impl Stored for Bits {
    fn write(&self, to: &mut Writer<'_>) {
        self.kind().write(to);
        self.class().write(to);
        self.status().write(to);
        self.visibility().write(to);
        self.http_status().write(to);
        let set = (0..)
            .zip(FLAGS)
            .map(|(bit, flag)| u32::from(self.has(flag)) << bit);
        set.sum::<u32>().write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let (kind, class) = (Kind::read(from)?, Class::read(from)?);
        let bits = Bits::new(kind, class)
            .with_status(Status::read(from)?)
            .with_visibility(Visibility::read(from)?)
            .with_http_status(from.number()?);
        let set: u32 = from.number()?;
        if set >> FLAGS.len() != 0 {
            return Err(Unreadable::Damaged);
        }
        let flags = (0..).zip(FLAGS);
        Ok(flags.fold(bits, |bits, (bit, flag)| bits.with_if(flag, set >> bit & 1 == 1)))
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::{Category, DefectKind, Input};

    /// Sums by these are stored by their places: a new one goes to the end.
    #[test]
    fn places_in_stored_sums_do_not_move() {
        assert_eq!(
            Category::ALL.map(Category::name),
            ["self", "db", "cache", "internal", "third_party", "queue", "gap"]
        );
        let inputs = Input::ALL.map(|input| format!("{input:?}")).join(" ");
        let expected = "Queries Arguments Calls Addresses UnknownCalls Handshakes Checkouts Sessions";
        assert!(inputs.starts_with(expected), "{inputs}");
        let defects = DefectKind::ALL.map(DefectKind::name).join(" ");
        let expected = "negative_duration no_time implausible duplicate shared_id id_conflict cycle missing_parent \
                        inferred rootless multi_root skew_corrected skew_capped inconsistent_clock detached abandoned \
                        clipped outside acausal compacted union_approx bad_parent";
        assert!(defects.starts_with(expected), "{defects}");
    }
}
