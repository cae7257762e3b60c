//! The receivers of one process: one door, and behind it a [`Core`] for each tenant.

use std::sync::Arc;

use hotspan_access::Tenant;

use crate::{Core, Peer};

/// The cores by the place of their tenant, which [`hotspan_access::Access`] gives: first that of whatever belongs to no
/// tenant, which also keeps the door. It accepts connections and counts them, and what is refused before it is known whose
/// it is.
#[derive(Clone, Debug)]
pub struct Cores(Arc<[Arc<Core>]>);

impl From<Arc<Core>> for Cores {
    fn from(only: Arc<Core>) -> Cores {
        Cores(Arc::new([only]))
    }
}

impl Cores {
    /// The one of the door, and those of the tenants by place.
    pub fn new(door: Arc<Core>, tenants: impl IntoIterator<Item = Arc<Core>>) -> Cores {
        Cores([door].into_iter().chain(tenants).collect())
    }

    /// The one that keeps the door.
    pub(crate) fn door(&self) -> &Arc<Core> {
        &self.0[0]
    }

    /// The core of a tenant, and the right of this peer to its budget.
    pub(crate) fn enter(&self, tenant: Tenant, peer: Arc<Peer>) -> (&Arc<Core>, Arc<Peer>) {
        let core = &self.0[tenant.place()];
        match tenant == Tenant::NONE {
            true => (core, peer),
            false => (core, Arc::new(core.budget.visit(peer.address()))),
        }
    }

    /// Announces the end everywhere; see [`Core::leave`].
    pub fn leave(&self) {
        self.0.iter().for_each(|core| core.leave());
    }

    /// Begins the end everywhere; see [`Core::drain`].
    pub fn drain(&self) {
        self.0.iter().for_each(|core| core.drain());
    }
}
