//! Recorded traces of real SDKs in both generations of attribute names.

use std::collections::BTreeSet;
use std::path::PathBuf;

use hotspan_model::{Class, LocalDictionary, Lookup};

use crate::request::{again, decoder, line};

fn traces(generation: &str) -> Vec<PathBuf> {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/traces/");
    let Ok(files) = std::fs::read_dir(PathBuf::from(shared).join(generation)) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The requests of a recording, each behind its length.
fn requests(path: &PathBuf) -> Vec<Vec<u8>> {
    let bytes = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    let mut rest = bytes.as_slice();
    let mut requests = Vec::new();
    while !rest.is_empty() {
        let len = prost::encoding::decode_varint(&mut rest).unwrap() as usize;
        let (request, after) = rest.split_at(len);
        requests.push(request.to_vec());
        rest = after;
    }
    requests
}

/// Service, class, template and store of every outgoing operation that statements or calls describe.
fn outgoing(path: &PathBuf) -> BTreeSet<String> {
    let mut dictionary = LocalDictionary::default();
    let mut decoder = decoder();
    let mut found = BTreeSet::new();
    for request in requests(path) {
        let (tally, spans) = again(&mut decoder, &mut dictionary, &request);
        let troubles = (
            tally.refused_total(),
            tally.bad_field,
            tally.type_mismatch,
            tally.bad_parent,
        );
        assert_eq!(troubles, (0, 0, 0, 0), "{path:?}");
        assert_eq!(tally.spans, spans.len() as u64);
        for span in &spans {
            let (class, text) = (span.0.span.class(), line(&dictionary, span));
            assert!(!text.contains("(unnamed)"), "{text}");
            // What a worker does to keep alive differs from run to run.
            let source = dictionary.source(span.0.span.source).unwrap();
            let service = dictionary.text(source.service);
            if !matches!(class, Class::Db | Class::Call | Class::Publish) || service == "shop-worker" {
                continue;
            }
            let template = dictionary.text(span.0.span.template.unwrap());
            let callee = dictionary.callee(span.0.span.callee.unwrap()).unwrap();
            found.insert(format!(
                "{service} {} {template} {}",
                class.name(),
                dictionary.text(callee.store)
            ));
        }
    }
    found
}

#[test]
fn both_generations_of_names_give_the_same_templates() {
    let (legacy, stable) = (traces("legacy"), traces("stable"));
    if legacy.is_empty() {
        eprintln!("skipped: no recorded traces here");
        return;
    }
    assert_eq!(legacy.len(), stable.len());
    let mut shared = 0;
    for (old, new) in legacy.iter().zip(&stable) {
        assert_eq!(old.file_name(), new.file_name());
        let (old, new) = (outgoing(old), outgoing(new));
        shared += old.intersection(&new).count();
        // A version of a framework may make one statement more; the scenario's own are the same.
        let differ: Vec<_> = old.symmetric_difference(&new).collect();
        assert!(differ.len() * 4 <= old.len() + new.len(), "{differ:#?}");
    }
    assert!(shared > 40, "{shared}");
}
