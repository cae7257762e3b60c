//! What a person says of a hotspot, and the hotspot after it.

use hotspan_hotspots::{NOTES_MAX, Unsaid};
use hotspan_model::Fingerprint;

use super::hotspots::{find, shown};
use crate::ask::{Problem, Said};
use crate::backend::NotSaid;
use crate::{Backend, shape};

/// Says it, and answers the hotspot as the lists show it from now on.
pub(crate) async fn say(backend: &dyn Backend, id: &str, said: Said) -> Result<shape::Hotspot, Problem> {
    let saying = said.read(backend.view().at)?;
    let fingerprint = Fingerprint::from_hex(id).ok_or_else(Problem::no_hotspot)?;
    backend.say(fingerprint, saying).await.map_err(|why| match why {
        NotSaid::Unsaid(Unsaid::Unknown) => Problem::no_hotspot(),
        NotSaid::Unsaid(Unsaid::Full) => Problem::full(NOTES_MAX),
        NotSaid::Busy => Problem::busy(),
        NotSaid::Unstored => Problem::unstored(),
    })?;
    let view = backend.view();
    find(&view, id)
        .map(|hotspot| shown(&view, hotspot))
        .ok_or_else(Problem::no_hotspot)
}
