//! Templates as symbols, with facts that are a function of their text.

use hotspan_model::{Facts, Symbol, TemplateFacts, Verb, Vocabulary};

use super::Resolver;
use crate::text::{self, names};

impl Resolver<'_> {
    /// The symbol of the template in `memory.text`.
    pub(super) fn template(&mut self) -> Symbol {
        let text = std::mem::take(&mut self.memory.text);
        let symbol = self.memory.symbols.intern(
            self.dictionary,
            Vocabulary::Template,
            Some(self.origin.service),
            &text,
            |_, _| Facts::Template(facts(&text)),
        );
        self.memory.text = text;
        symbol
    }
}

/// The facts of a template, whatever wrote it.
fn facts(template: &str) -> TemplateFacts {
    let mut facts = match Shape::of(template) {
        Shape::Http { verb, resource } => of_resource(template, verb, resource),
        Shape::Send { destination } => of_resource(template, Verb::Write, destination),
        Shape::Rpc => of_resource(template, Verb::Other, ""),
        Shape::Statement => text::facts(template),
    };
    facts.gatekeeper |= names::is_gatekeeper(template);
    facts
}

fn of_resource(template: &str, verb: Verb, resource: &str) -> TemplateFacts {
    let resources = || -> Box<[Box<str>]> {
        match resource.is_empty() {
            true => Box::default(),
            false => Box::new([resource.into()]),
        }
    };
    TemplateFacts {
        verb,
        reads: if verb == Verb::Read {
            resources()
        } else {
            Box::default()
        },
        writes: if verb == Verb::Write {
            resources()
        } else {
            Box::default()
        },
        summary: template.into(),
        ..TemplateFacts::default()
    }
}

/// What wrote a template, by its looks.
enum Shape<'a> {
    /// `GET host/path?keys`.
    Http { verb: Verb, resource: &'a str },
    /// `send destination`.
    Send { destination: &'a str },
    /// `package.Service/Method`.
    Rpc,
    /// A statement, a cache command, an operation.
    Statement,
}

impl Shape<'_> {
    fn of(template: &str) -> Shape<'_> {
        match template.split_once(' ') {
            Some(("send", destination)) => Shape::Send { destination },
            Some((method, rest)) if rest.contains('/') => match http_verb(method) {
                Some(verb) => Shape::Http {
                    verb,
                    resource: rest.split(['?', ' ']).next().unwrap_or_default(),
                },
                None => Shape::Statement,
            },
            Some((_, _)) => Shape::Statement,
            None if template.contains('/') => Shape::Rpc,
            None => Shape::Statement,
        }
    }
}

/// What an HTTP method does; `None` for any other word.
pub(super) fn http_verb(method: &str) -> Option<Verb> {
    match method {
        "GET" | "HEAD" | "OPTIONS" => Some(Verb::Read),
        "POST" | "PUT" | "PATCH" | "DELETE" => Some(Verb::Write),
        "TRACE" | "CONNECT" | "QUERY" => Some(Verb::Other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_follow_from_the_text_alone() {
        let get = facts("GET catalog/products/{}?page");
        assert_eq!(
            (get.verb, &*get.reads),
            (Verb::Read, &["catalog/products/{}".into()][..])
        );
        let post = facts("POST api.example/graphql GetCart");
        assert_eq!(
            (post.verb, &*post.writes),
            (Verb::Write, &["api.example/graphql".into()][..])
        );
        let send = facts("send orders");
        assert_eq!((send.verb, &*send.writes), (Verb::Write, &["orders".into()][..]));
        assert_eq!(facts("shop.Catalog/GetProduct").verb, Verb::Other);
        assert_eq!(
            &*facts("shop.Catalog/GetProduct").summary,
            "shop.Catalog/GetProduct"
        );
    }
}
