//! What holds of every URL, key, name, command and body.

use hotspan_model::ParamKey;
use hotspan_otlp::text::redact::{self, Value};
use hotspan_otlp::text::{ParamHasher, Statement, analyse, cache_key, facts, graphql, names, url};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn params() -> ParamHasher {
    ParamHasher::new(ParamKey::BUILT_IN)
}

fn path_of(text: &str) -> String {
    let parsed = url::Url::parse(text);
    let mut out = String::new();
    url::template(parsed.path, parsed.query, &mut params(), &mut out);
    out
}

fn statement(system: &str, text: &str) -> Statement {
    let mut out = Statement::default();
    analyse(system, text, ParamKey::BUILT_IN, &mut out);
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in "\\PC{0,80}|[a-zA-Z0-9/?&=.:;@#%{}\\[\\]\"'\\\\ ,\n-]{0,120}") {
        let mut out = String::new();
        path_of(&text);
        url::host_key(&text, &mut out);
        cache_key::template(&text, &mut params(), &mut out);
        names::mask(&text, &mut out);
        prop_assert!(out.len() <= names::NAME_BYTES_MAX);
        names::destination(&text, false, &mut out);
        names::route(&text, &mut out);
        graphql::template(&text, &mut out);
        prop_assert!(out.len() <= text.len());
        for system in ["redis", "mongodb"] {
            let read = statement(system, &text);
            prop_assert!(read.template.len() <= text.len(), "{system}: {}", read.template);
            facts(&read.template);
        }
        for key in ["url.full", "http.target", "url.query", "http.route", "db.statement", "graphql.document"] {
            redact::shown(key, Value::Text(&text), "redis", &[]);
        }
    }

    #[test]
    fn a_path_template_is_a_fixed_point_but_for_its_braces(path in "(/[a-z]{1,6}|/[0-9]{1,4}|/[a-z]-[0-9]){0,14}") {
        let once = path_of(&path);
        prop_assert_eq!(path_of(&once), once);
    }

    #[test]
    fn planted_values_do_not_survive(secret in "zq[a-z]{6}", number in 7_000_000u64..8_000_000) {
        let texts = [
            ("redis", format!("SET user:{number} {secret} EX {number}")),
            ("redis", format!("SET user:{number} \"{secret}\n{secret} {number}\"")),
            ("redis", format!("EVAL \"return {secret}\" 1 {secret} {number}")),
            ("redis", format!("AUTH {secret}")),
            ("mongodb", format!("{{\"find\":\"t\",\"filter\":{{\"a\":\"{secret}\",\"b\":[{number},\"{secret}\"],\"c\":{number}}}}}")),
            ("elasticsearch", format!("{{\"query\":{{\"term\":{{\"x\":\"{secret} \\\" {secret}\"}}}},\"size\":{number}}}")),
            ("mongodb", format!("find {{'_id': ObjectId('{secret}')}}")),
        ];
        for (system, text) in texts {
            let read = statement(system, &text);
            for shown in [&read.sanitised, &read.template, &read.summary] {
                prop_assert!(!shown.contains(&secret) && !shown.contains(&number.to_string()), "{text}: {shown}");
            }
            prop_assert_eq!(&statement(system, &read.template).template, &read.template, "{}", text);
        }
        let url = format!("https://{secret}:{secret}@shop.test/a/{number}/b;v={secret}?q={secret}&{number}#{secret}");
        for key in ["url.full", "http.url", "http.target", "http.route", "user.name", "url.query"] {
            let shown = redact::shown(key, Value::Text(&url), "", &[]);
            prop_assert!(!shown.contains(&number.to_string()), "{key}: {shown}");
            prop_assert!(!shown.contains(&secret) || key == "http.route" || key == "url.query", "{key}: {shown}");
        }
    }
}
