//! A list as it changes: the difference between what a reader was sent and what the newest snapshot says.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use hotspan_proto::v1::{Hotspot, ListHotspotsResponse, WatchHotspotsResponse};
use prost::Message as _;
use tokio_stream::wrappers::IntervalStream;
use tokio_stream::{Stream, StreamExt as _};

use super::health::every;
use crate::ask::HotspotFilter;
use crate::{Backend, View, read};

/// How often a watched list is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The differences, for as long as they are read; a reader that is slow is sent fewer of them.
pub(super) fn watch(
    backend: Arc<dyn Backend>,
    filter: HotspotFilter,
) -> impl Stream<Item = WatchHotspotsResponse> {
    let mut sent = Sent::default();
    IntervalStream::new(every(LOOK_AGAIN)).filter_map(move |_| sent.difference(&backend.view(), &filter))
}

/// What a reader knows.
#[derive(Debug, Default)]
struct Sent {
    /// The last snapshot that was looked at and the one that was sent.
    looked: Option<u64>,
    sent: Option<u64>,
    /// Hashes of the rows, by id.
    rows: BTreeMap<String, u64>,
}

impl Sent {
    /// What differs now; `None` when nothing does. The first time everything does, even an empty list.
    fn difference(&mut self, view: &View, filter: &HotspotFilter) -> Option<WatchHotspotsResponse> {
        if self.looked.replace(view.version) == Some(view.version) {
            return None;
        }
        let list: ListHotspotsResponse = read::hotspots(view, filter).into();
        let rows: BTreeMap<String, u64> = list
            .hotspots
            .iter()
            .map(|row| (row.id.clone(), hash(row)))
            .collect();
        let differs = |row: &Hotspot| self.rows.get(&row.id) != rows.get(&row.id);
        let changed: Vec<Hotspot> = list.hotspots.into_iter().filter(differs).collect();
        let left = self.rows.keys().filter(|id| !rows.contains_key(*id));
        let gone: Vec<String> = left.cloned().collect();
        if self.sent.is_some() && changed.is_empty() && gone.is_empty() {
            return None;
        }
        self.rows = rows;
        let before = self.sent.replace(view.version);
        Some(WatchHotspotsResponse {
            snapshot: view.version,
            skipped: before.map_or(0, |before| view.version.saturating_sub(before + 1)),
            changed,
            gone,
            total: list.total,
            coverage: list.coverage,
        })
    }
}

fn hash(row: &Hotspot) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(&row.encode_to_vec());
    hasher.finish()
}
