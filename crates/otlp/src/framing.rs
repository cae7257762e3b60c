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
        let message = match outer.expect_bytes(RESOURCE_SPANS as u8) {
            Some(message) => message,
            None => match outer.next() {
                Ok(Some((RESOURCE_SPANS, Payload::Bytes(message)))) => message,
                Ok(Some((_, _))) => continue,
                Ok(None) => return Ok(order),
                Err(damage) => return Err(damaged("resource_spans", &outer, damage)),
            },
        };
        let mut middle = Fields::new(message);
        middle.expect_bytes(RESOURCE as u8);
        while !middle.is_done() {
            let message = match middle.expect_bytes(SCOPE_SPANS as u8) {
                Some(message) => message,
                None => match middle.next() {
                    Ok(Some((SCOPE_SPANS, Payload::Bytes(message)))) => message,
                    Ok(Some((RESOURCE, _))) => {
                        order = Order::Other;
                        continue;
                    }
                    Ok(Some((_, _))) => continue,
                    Ok(None) => break,
                    Err(damage) => return Err(damaged("resource_spans.scope_spans", &middle, damage)),
                },
            };
            let mut inner = Fields::new(message);
            inner.expect_bytes(SCOPE as u8);
            while inner.expect_bytes(SPANS as u8).is_some() {}
            while !inner.is_done() {
                match inner.next() {
                    Ok(Some((SCOPE, _))) => order = Order::Other,
                    Ok(_) => {}
                    Err(damage) => return Err(damaged("resource_spans.scope_spans.spans", &inner, damage)),
                }
            }
        }
    }
}

/// The messages that stand before the others in the usual order, resource or scope.
pub(crate) fn heads<const NUMBER: u32>(message: &[u8], order: Order) -> impl Iterator<Item = &[u8]> {
    let (head, rest) = match order {
        Order::Usual => (Fields::new(message).expect_bytes(NUMBER as u8), &[][..]),
        Order::Other => (None, message),
    };
    head.into_iter().chain(messages::<NUMBER>(rest))
}

/// What stands behind them.
pub(crate) fn body<const NUMBER: u32>(message: &[u8], order: Order) -> &[u8] {
    let mut fields = Fields::new(message);
    if order == Order::Usual {
        fields.expect_bytes(NUMBER as u8);
    }
    fields.rest()
}

/// The messages of one field, in order. Only for messages that were checked: damage ends them.
#[inline]
pub(crate) fn messages<const NUMBER: u32>(message: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut fields = Fields::new(message);
    std::iter::from_fn(
        #[inline(always)]
        move || match fields.expect_bytes(NUMBER as u8) {
            None if !fields.is_done() => find::<NUMBER>(&mut fields),
            found => found,
        },
    )
}

/// The next message of a field, whatever stands before it.
#[inline(never)]
fn find<'a, const NUMBER: u32>(fields: &mut Fields<'a>) -> Option<&'a [u8]> {
    // Beside a scope stand its spans, often hundreds of them; before the spans stands a scope.
    let other = if NUMBER == SPANS { SCOPE } else { SPANS };
    while !fields.is_done() {
        if let Some(bytes) = fields.expect_bytes(NUMBER as u8) {
            return Some(bytes);
        }
        if fields.expect_bytes(other as u8).is_some() {
            continue;
        }
        match fields.next() {
            Ok(Some((number, Payload::Bytes(bytes)))) if number == NUMBER => return Some(bytes),
            Ok(Some((_, _))) => {}
            Ok(None) | Err(_) => return None,
        }
    }
    None
}
