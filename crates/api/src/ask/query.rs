//! The query string, or an agent's arguments, read parameter by parameter; what nobody asked for is unknown.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query as Pairs};
use http::Uri;
use http::request::Parts;
use serde_json::{Map, Value};

use super::Problem;

/// Most parameters that are looked at.
const PARAMETERS_MAX: usize = 256;
/// What a member of a JSON object has to be.
const SCALAR: &str = "a text, a number, true or false, or a list of those";

/// The parameters of one request that were not read yet, and the names of those that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Query {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Query {
    /// Reads a raw query string.
    #[cfg(test)]
    pub(crate) fn new(raw: &str) -> Query {
        let uri = Uri::builder()
            .path_and_query(format!("/?{raw}"))
            .build()
            .unwrap_or_default();
        Query::of(&uri)
    }

    fn of(uri: &Uri) -> Query {
        // Pairs of texts always read: what is no UTF-8 is replaced.
        let pairs = Pairs::<Vec<(String, String)>>::try_from_uri(uri);
        let mut given = pairs.map(|Pairs(given)| given).unwrap_or_default();
        given.truncate(PARAMETERS_MAX);
        Query {
            given,
            known: Vec::new(),
        }
    }

    /// Reads the members of a JSON object: a list is a parameter that is repeated, null is one that is not there.
    pub(crate) fn from_json(object: &Map<String, Value>) -> Result<Query, Problem> {
        let mut given = Vec::new();
        for (name, value) in object {
            let values = match value {
                Value::Array(values) => values.as_slice(),
                Value::Null => &[],
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                    std::slice::from_ref(value)
                }
            };
            for value in values.iter().take(PARAMETERS_MAX - given.len()) {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Bool(_) | Value::Number(_) => value.to_string(),
                    Value::Null | Value::Array(_) | Value::Object(_) => {
                        return Err(Problem::bad_value(name, &value.to_string(), SCALAR));
                    }
                };
                given.push((name.clone(), text));
            }
        }
        Ok(Query {
            given,
            known: Vec::new(),
        })
    }

    /// All texts of a parameter, in order; empty ones do not filter.
    pub(crate) fn all(&mut self, name: &'static str) -> Vec<String> {
        let mut values = self.take(name);
        values.retain(|value| !value.is_empty());
        values
    }

    /// The text of a parameter that takes one; an empty one does not filter.
    pub(crate) fn one(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        let value = self.single(name)?;
        Ok(value.filter(|value| !value.is_empty()))
    }

    fn single(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        let mut values = self.take(name).into_iter();
        match (values.next(), values.next()) {
            (_, Some(second)) => Err(Problem::given_twice(name, &second)),
            (value, None) => Ok(value),
        }
    }

    fn take(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        let (mine, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.given)
            .into_iter()
            .partition(|(given, _)| given == name);
        self.given = rest;
        mine.into_iter().map(|(_, value)| value).collect()
    }

    /// Whether a parameter is given and not read yet.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given == name)
    }

    /// The value of a parameter, read by `parse`; `allowed` says in words what that takes.
    pub(crate) fn parsed<T>(
        &mut self,
        name: &'static str,
        allowed: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let value = self.single(name)?;
        value.map(|value| read(name, &value, allowed, parse)).transpose()
    }

    /// The same for clients that send what they leave out as an empty value.
    pub(crate) fn parsed_unless_empty<T>(
        &mut self,
        name: &'static str,
        allowed: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let value = self.one(name)?;
        value.map(|value| read(name, &value, allowed, parse)).transpose()
    }

    /// All values of a parameter out of a closed list of words.
    pub(crate) fn words<T: Copy>(
        &mut self,
        name: &'static str,
        list: &[(&'static str, T)],
    ) -> Result<Vec<T>, Problem> {
        let values = self.take(name);
        values.iter().map(|value| word(name, value, list)).collect()
    }

    /// The value of a parameter out of a closed list of words.
    pub(crate) fn one_word<T: Copy>(
        &mut self,
        name: &'static str,
        list: &[(&'static str, T)],
    ) -> Result<Option<T>, Problem> {
        let value = self.single(name)?;
        value.map(|value| word(name, &value, list)).transpose()
    }

    /// Refuses the first parameter that nobody asked for.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        match self.given.first() {
            Some((name, value)) => Err(Problem::unknown_parameter(name, value, &self.known)),
            None => Ok(()),
        }
    }
}

/// What a value means.
fn read<T>(name: &str, value: &str, allowed: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Problem> {
    parse(value).ok_or_else(|| Problem::bad_value(name, value, allowed))
}

/// The meaning of a word out of a closed list.
pub(super) fn word<T: Copy>(name: &str, value: &str, list: &[(&'static str, T)]) -> Result<T, Problem> {
    let found = list.iter().find(|(word, _)| *word == value);
    found.map(|&(_, meant)| meant).ok_or_else(|| {
        let words: Vec<&str> = list.iter().map(|&(word, _)| word).collect();
        Problem::unknown_value(name, value, &words)
    })
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query, Infallible> {
        Ok(Query::of(&parts.uri))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_asked_for_is_unknown_and_the_nearest_name_is_said() {
        let mut query = Query::new("service=a&service=&service=b%20c&servcie=d&cursor=");
        assert_eq!(query.all("service"), ["a", "b c"]);
        assert_eq!(query.one("cursor"), Ok(None));
        let about = *query.finish().unwrap_err().about;
        assert_eq!(about.parameter.as_deref(), Some("servcie"));
        assert_eq!(about.value.as_deref(), Some("d"));
        assert_eq!(about.nearest.as_deref(), Some("service"));
        assert_eq!(about.allowed, ["service", "cursor"]);
    }

    #[test]
    fn an_empty_word_is_none_of_the_list() {
        let mut query = Query::new("sort=&state=");
        assert!(query.one_word("sort", &[("impact", 1)]).is_err());
        assert!(query.words("state", &[("open", 1)]).is_err());
    }

    #[test]
    fn members_of_an_object_are_parameters() {
        let object = serde_json::json!({"service": ["a", "b"], "limit": 5, "flat": true, "since": null});
        let mut query = Query::from_json(object.as_object().unwrap()).unwrap();
        assert_eq!(query.all("service"), ["a", "b"]);
        assert_eq!(query.one("limit"), Ok(Some("5".to_owned())));
        assert_eq!(query.one("flat"), Ok(Some("true".to_owned())));
        assert_eq!(query.finish(), Ok(()));
        for nested in [
            serde_json::json!({"a": {"b": 1}}),
            serde_json::json!({"a": [[1]]}),
        ] {
            let problem = Query::from_json(nested.as_object().unwrap()).unwrap_err();
            assert_eq!(problem.about.parameter.as_deref(), Some("a"));
        }
    }

    #[test]
    fn one_value_is_one_value() {
        let mut query = Query::new("limit=1&limit=2");
        assert_eq!(query.one("limit"), Err(Problem::given_twice("limit", "2")));
    }
}
