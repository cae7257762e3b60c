//! Tenants: what one sends is in no answer, figure, store or alert of another, whatever it sends.

mod apart;
mod entry;
mod faults;
mod rig;
mod room;
mod surfaces;
mod telling;
