//! The frame of a request: checked as a whole before the first span is read.

use crate::wire::{Fields, Payload};
use crate::{Damage, Undecodable};

/// Field numbers of the three messages around a span.
pub(crate) const RESOURCE_SPANS: u32 = 1;
pub(crate) const RESOURCE: u32 = 1;
pub(crate) const SCOPE_SPANS: u32 = 2;
pub(crate) const SCOPE: u32 = 1;
pub(crate) const SPANS: u32 = 2;

/// In which order the frame's messages stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Resource and scope each once, before what belongs to them: the order of every SDK.
    Usual,
    /// Any other, which is as good.
    Other,
}

/// Checks that request, ResourceSpans and ScopeSpans can be framed. What is inside a span is its own matter.
pub(crate) fn check(request: &[u8]) -> Result<Order, Undecodable> {
    let damaged = |field, at: &Fields<'_>, damage: Damage| Undecodable {
        field,
        damage,
        // The rest is a slice of the request.
        offset: at.rest().as_ptr() as usize - request.as_ptr() as usize,
    };
    let mut order = Order::Usual;
    let mut outer = Fields::new(request);
    loop {
        let message = match outer.next() {
            Ok(Some((RESOURCE_SPANS, Payload::Bytes(message)))) => message,
            Ok(Some((_, _))) => continue,
            Ok(None) => return Ok(order),
            Err(damage) => return Err(damaged("resource_spans", &outer, damage)),
        };
        let mut middle = Fields::new(message);
        middle.expect_bytes(RESOURCE as u8);
        loop {
            let message = match middle.next() {
                Ok(Some((SCOPE_SPANS, Payload::Bytes(message)))) => message,
                Ok(Some((RESOURCE, _))) => {
                    order = Order::Other;
                    continue;
                }
                Ok(Some((_, _))) => continue,
                Ok(None) => break,
                Err(damage) => return Err(damaged("resource_spans.scope_spans", &middle, damage)),
            };
            let mut inner = Fields::new(message);
            inner.expect_bytes(SCOPE as u8);
            while inner.expect_bytes(SPANS as u8).is_some() {}
            while let Some((number, _)) = inner
                .next()
                .map_err(|damage| damaged("resource_spans.scope_spans.spans", &inner, damage))?
            {
                if number == SCOPE {
                    order = Order::Other;
                }
            }
        }
    }
}

/// The messages that stand before the others in the usual order, resource or scope.
pub(crate) fn heads(message: &[u8], number: u32, order: Order) -> impl Iterator<Item = &[u8]> {
    let (head, rest) = match order {
        Order::Usual => (Fields::new(message).expect_bytes(number as u8), &[][..]),
        Order::Other => (None, message),
    };
    head.into_iter().chain(messages(rest, number))
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
