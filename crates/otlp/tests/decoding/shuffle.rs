//! The same message with its fields in another order on the wire.

/// Numbers that need no library: a linear congruential generator.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}

/// The messages whose fields may move.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    Request,
    ResourceSpans,
    Resource,
    ScopeSpans,
    Scope,
    Span,
    Leaf,
}

impl Shape {
    fn inside(self, number: u64) -> Option<Shape> {
        Some(match (self, number) {
            (Shape::Request, 1) => Shape::ResourceSpans,
            (Shape::ResourceSpans, 1) => Shape::Resource,
            (Shape::ResourceSpans, 2) => Shape::ScopeSpans,
            (Shape::ScopeSpans, 1) => Shape::Scope,
            (Shape::ScopeSpans, 2) => Shape::Span,
            (Shape::Span, 9 | 11 | 13 | 15) | (Shape::Resource, 1) | (Shape::Scope, 3) => Shape::Leaf,
            _ => return None,
        })
    }

    /// A singular message: it may come in pieces, which merge.
    fn splits(self) -> bool {
        matches!(self, Shape::Resource | Shape::Scope)
    }
}

/// Reorders the fields of a message and of those inside it. Fields of one number keep their order, since that has
/// a meaning; resources and scopes fall into pieces; unknown fields and groups come between.
pub(crate) fn shuffled(message: &[u8], shape: Shape, dice: &mut Dice) -> Vec<u8> {
    let mut queues: Vec<(u64, Vec<Vec<u8>>)> = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let (number, field, after) = take(rest, shape, dice);
        rest = after;
        match queues.iter_mut().find(|queue| queue.0 == number) {
            Some(queue) => queue.1.extend(field),
            None => queues.push((number, field)),
        }
    }
    for queue in &mut queues {
        queue.1.reverse();
    }
    let mut out = Vec::new();
    while !queues.is_empty() {
        let at = dice.below(queues.len());
        match queues[at].1.pop() {
            Some(field) => out.extend(field),
            None => drop(queues.remove(at)),
        }
        match dice.below(12) {
            0 => out.extend([0xba, 0x3e, 2, 0xff, 0xff]),
            1 => out.extend([0xbb, 0x3e, 0x08, 0x01, 0x13, 0x14, 0xbc, 0x3e]),
            _ => {}
        }
    }
    out
}

/// The first field of a message, as one field or in pieces, and what follows it.
fn take<'m>(message: &'m [u8], shape: Shape, dice: &mut Dice) -> (u64, Vec<Vec<u8>>, &'m [u8]) {
    let mut rest = message;
    let tag = prost::encoding::decode_varint(&mut rest).unwrap();
    match tag & 7 {
        0 => drop(prost::encoding::decode_varint(&mut rest).unwrap()),
        1 => rest = &rest[8..],
        5 => rest = &rest[4..],
        _ => {
            let len = prost::encoding::decode_varint(&mut rest).unwrap() as usize;
            let (payload, after) = rest.split_at(len);
            if let Some(inside) = shape.inside(tag >> 3) {
                let pieces = pieces(payload, inside, dice).into_iter();
                let fields = pieces
                    .map(|piece| crate::request::field(tag >> 3, &piece))
                    .collect();
                return (tag >> 3, fields, after);
            }
            rest = after;
        }
    }
    let field = message[..message.len() - rest.len()].to_vec();
    (tag >> 3, vec![field], rest)
}

fn pieces(payload: &[u8], shape: Shape, dice: &mut Dice) -> Vec<Vec<u8>> {
    let whole = shuffled(payload, shape, dice);
    if !shape.splits() || dice.below(2) == 0 {
        return vec![whole];
    }
    let mut rest = whole.as_slice();
    let mut pieces = vec![Vec::new(), Vec::new()];
    while !rest.is_empty() {
        // Groups cannot be told from fields here, so the second piece takes whatever follows the first group.
        let Some(len) = plain(rest) else {
            pieces[1].extend(rest);
            break;
        };
        let at = usize::from(!pieces[1].is_empty() || dice.below(3) == 0);
        pieces[at].extend(&rest[..len]);
        rest = &rest[len..];
    }
    pieces
}

/// Bytes of the first field; `None` for a group.
fn plain(message: &[u8]) -> Option<usize> {
    let mut rest = message;
    let tag = prost::encoding::decode_varint(&mut rest).unwrap();
    match tag & 7 {
        0 => drop(prost::encoding::decode_varint(&mut rest).unwrap()),
        1 => rest = &rest[8..],
        5 => rest = &rest[4..],
        2 => {
            let len = prost::encoding::decode_varint(&mut rest).unwrap() as usize;
            rest = &rest[len..];
        }
        _ => return None,
    }
    Some(message.len() - rest.len())
}
