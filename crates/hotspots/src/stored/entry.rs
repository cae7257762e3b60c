//! An entry of the dictionary with what is known about its text, so that whoever reads it needs no lexer.

use hotspan_model::{CalleeFacts, Entry, Facts, SourceFacts, TemplateFacts, Vendor, Vocabulary};

use super::reader::{Reader, Unreadable};
use super::writer::Writer;
use super::{Stored, stored};

pub(super) fn write(entry: &Entry, to: &mut Writer<'_>) {
    entry.vocabulary.write(to);
    to.text(&entry.text);
    match &entry.facts {
        Facts::None => to.byte(0),
        Facts::Source(facts) => {
            to.byte(1);
            facts.write(to);
        }
        Facts::Template(facts) => {
            to.byte(2);
            facts.write(to);
        }
        Facts::Callee(facts) => {
            to.byte(3);
            facts.write(to);
        }
    }
}

pub(super) fn read<'a>(from: &mut Reader<'a>) -> Result<(Vocabulary, &'a str, Facts), Unreadable> {
    let vocabulary = Vocabulary::read(from)?;
    let text = from.text()?;
    let facts = match from.byte()? {
        0 => Facts::None,
        1 => Facts::Source(SourceFacts::read(from)?),
        2 => Facts::Template(TemplateFacts::read(from)?),
        3 => Facts::Callee(CalleeFacts::read(from)?),
        _ => return Err(Unreadable::Damaged),
    };
    Ok((vocabulary, text, facts))
}

stored!(SourceFacts {
    service,
    namespace,
    version,
    instance,
    host,
    environment,
    language,
    scope,
    front_end,
    unnamed,
});
stored!(TemplateFacts {
    verb,
    reads,
    writes,
    routine,
    summary,
    keyset,
    skip_locked,
    cursor,
    single_key,
    gatekeeper,
});
stored!(CalleeFacts {
    system,
    host,
    port,
    namespace,
    store,
    service,
    domain,
    peer,
    reason,
    certainty,
    vendor,
});
stored!(Vendor { name, category });

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_model::{
        Dictionary, LocalDictionary, Lookup, Millionths, Peer, PeerReason, Symbol, TableSeed, Verb,
    };

    #[test]
    fn a_callee_comes_back_with_all_that_was_known_about_its_address() {
        let mut dictionary = LocalDictionary::default();
        let store = dictionary.admit(Vocabulary::Text, None, "postgresql orders", Facts::None);
        let facts = CalleeFacts {
            system: "postgresql".into(),
            host: "db.internal".into(),
            port: 5432,
            namespace: "orders".into(),
            store,
            service: Some("stock".into()),
            domain: "".into(),
            peer: Peer::Datastore,
            reason: PeerReason::DbAttributes,
            certainty: Millionths(950_000),
            vendor: Some(Vendor {
                name: "Stripe",
                category: "payments",
            }),
        };
        let callee = dictionary.admit(
            Vocabulary::Callee,
            None,
            "db.internal",
            Facts::Callee(facts.clone()),
        );
        let mut writer = Writer::new(&dictionary);
        Some(callee).write(&mut writer);
        let row = writer.finish();

        let mut other = LocalDictionary::new(TableSeed(9));
        other.admit(Vocabulary::Text, None, "something else", Facts::None);
        let mut names = super::super::test_names(&["Stripe", "payments"]);
        let mut reader = Reader::new(&row, &mut other, &mut names).unwrap();
        let back = Option::<Symbol>::read(&mut reader).unwrap().unwrap();
        reader.end().unwrap();
        let store = other.find(Vocabulary::Text, "postgresql orders").unwrap();
        assert_eq!(other.text(back), "db.internal");
        assert_eq!(other.callee(back), Some(&CalleeFacts { store, ..facts }));
    }

    #[test]
    fn verbs_keep_their_numbers() {
        let mut writer = Writer::new(&EMPTY);
        [Verb::Read, Verb::Write, Verb::Ddl, Verb::Routine, Verb::Other]
            .iter()
            .for_each(|verb| verb.write(&mut writer));
        assert_eq!(writer.finish()[..7], [super::super::VERSION, 0, 0, 1, 2, 3, 4]);
    }

    struct Empty;
    static EMPTY: Empty = Empty;

    impl Lookup for Empty {
        fn entry(&self, _: Symbol) -> &Entry {
            unreachable!("verbs have no text")
        }
    }
}
