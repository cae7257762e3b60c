//! Addresses of the page, for people who want to see what an agent says.

use http::header;
use http::request::Parts;

use super::quoted::Quoted;
use crate::links::{Link, encode};

/// Where the page is.
#[derive(Clone, Debug)]
pub(super) struct Links {
    /// Without a slash at its end.
    base: String,
}

impl Links {
    /// The page as this daemon's public address names it, else as the request did.
    pub(super) fn new(public: Option<&String>, asked: Option<&Parts>) -> Links {
        let named = || {
            let host = asked.and_then(|parts| parts.headers.get(header::HOST)?.to_str().ok());
            let authority = asked
                .and_then(|parts| parts.uri.authority())
                .map(|of| of.as_str());
            format!("http://{}", host.or(authority).unwrap_or("localhost:4319"))
        };
        let base = public.cloned().unwrap_or_else(named);
        Links {
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    pub(super) fn hotspot(&self, id: &str) -> String {
        self.to(&["hotspots", id], &[])
    }

    pub(super) fn trace(&self, id: &str) -> String {
        self.to(&["traces", id], &[])
    }

    pub(super) fn service(&self, service: &str) -> String {
        match is_shown(service) {
            true => self.to(&["services"], &[("service", service)]),
            false => self.page("services"),
        }
    }

    pub(super) fn operation(&self, service: &str, name: &str) -> String {
        match is_shown(service) && is_shown(name) && !name.is_empty() {
            true => self.to(&["operation"], &[("service", service), ("name", name)]),
            false => self.service(service),
        }
    }

    /// Links to elsewhere about a service and operation, where an agent may read their names.
    pub(super) fn elsewhere(links: &[Link], names: [&str; 2]) -> Vec<Link> {
        match names.into_iter().all(is_shown) {
            true => links.to_vec(),
            false => Vec::new(),
        }
    }

    /// A page without more.
    pub(super) fn page(&self, name: &str) -> String {
        self.to(&[name], &[])
    }

    /// The one place that knows how the page's addresses are made.
    fn to(&self, path: &[&str], query: &[(&str, &str)]) -> String {
        let mut link = self.base.clone();
        for part in path {
            link.push('/');
            encode(part, &mut link);
        }
        for (at, (name, value)) in query.iter().enumerate() {
            link.push(if at == 0 { '?' } else { '&' });
            link.push_str(name);
            link.push('=');
            encode(value, &mut link);
        }
        link
    }
}

/// Whether an agent may read a name as it is; a link tells it no more than a text does.
fn is_shown(name: &str) -> bool {
    Quoted::new(name).is(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_those_of_the_page_wherever_it_is() {
        let links = Links::new(Some(&"https://shop.test/spans/".to_owned()), None);
        assert_eq!(links.hotspot("5f0c"), "https://shop.test/spans/hotspots/5f0c");
        assert_eq!(
            links.operation("a b", "GET /ü?x"),
            "https://shop.test/spans/operation?service=a%20b&name=GET%20%2F%C3%BC%3Fx"
        );
        assert_eq!(
            links.operation("a", ""),
            "https://shop.test/spans/services?service=a"
        );
        assert_eq!(
            links.operation("token=hunter2", "GET /"),
            "https://shop.test/spans/services"
        );
    }
}
