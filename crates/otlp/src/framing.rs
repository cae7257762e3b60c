//! The frame of a request: checked as a whole before the first span is read.

use crate::wire::{Fields, Payload};
use crate::{Damage, Undecodable};

/// Field numbers of the three messages around a span.
pub(crate) const RESOURCE_SPANS: u32 = 1;
pub(crate) const RESOURCE: u32 = 1;
pub(crate) const SCOPE_SPANS: u32 = 2;
pub(crate) const SCOPE: u32 = 1;
pub(crate) const SPANS: u32 = 2;

/// Checks that request, ResourceSpans and ScopeSpans can be framed. What is inside a span is its own matter.
pub(crate) fn check(request: &[u8]) -> Result<(), Undecodable> {
    let damaged = |field, at: &Fields<'_>, damage: Damage| Undecodable {
        field,
        damage,
        // The rest is a slice of the request.
        offset: at.rest().as_ptr() as usize - request.as_ptr() as usize,
    };
    let mut outer = Fields::new(request);
    loop {
        let message = match outer.next() {
            Ok(Some((RESOURCE_SPANS, Payload::Bytes(message)))) => message,
            Ok(Some((_, _))) => continue,
            Ok(None) => return Ok(()),
            Err(damage) => return Err(damaged("resource_spans", &outer, damage)),
        };
        let mut middle = Fields::new(message);
        loop {
            let message = match middle.next() {
                Ok(Some((SCOPE_SPANS, Payload::Bytes(message)))) => message,
                Ok(Some((_, _))) => continue,
                Ok(None) => break,
                Err(damage) => return Err(damaged("resource_spans.scope_spans", &middle, damage)),
            };
            let mut inner = Fields::new(message);
            while inner.expect_bytes(SPANS as u8).is_some() {}
            while let Some(_field) = inner
                .next()
                .map_err(|damage| damaged("resource_spans.scope_spans.spans", &inner, damage))?
            {}
        }
    }
}

/// The messages of one field, in order. Only for messages that were checked: damage ends them.
pub(crate) fn messages(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    let mut fields = Fields::new(message);
    // The numbers of this module are small.
    let usual = number as u8;
    std::iter::from_fn(move || {
        if let Some(bytes) = fields.expect_bytes(usual) {
            return Some(bytes);
        }
        // Beside a scope stand its spans, often hundreds of them.
        while number != SPANS && fields.expect_bytes(SPANS as u8).is_some() {}
        while let Ok(Some((found, payload))) = fields.next() {
            if let (true, Payload::Bytes(bytes)) = (found == number, payload) {
                return Some(bytes);
            }
        }
        None
    })
}
