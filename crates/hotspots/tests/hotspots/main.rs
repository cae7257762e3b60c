//! What a shard learns and what readers are told, from reports built by hand or drawn at random.

mod audit;
mod bounds;
mod build;
mod exact;
mod gates;
mod life;
mod metered;
mod near;
mod notes;
mod peers;
mod reading;
mod stored;
mod tuning;
