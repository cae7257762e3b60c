//! What each tenant gets of one configuration: its part of memory, shards and store, and a directory of its own.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use hotspan_access::Tenants;

use crate::config::{MEMORY_MIN, part};
use crate::start_error::StartError;
use crate::{Config, MemoryParts, TenantLimits};

/// Below the data directory, a directory for each tenant.
pub(crate) const TENANTS: &str = "tenants";

/// What lies behind the ports for one tenant, or for whatever belongs to none.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) tenant: Option<Arc<str>>,
    pub(crate) parts: MemoryParts,
    pub(crate) shards: usize,
    /// Where hotspots and notes are kept; `None` when they are not.
    pub(crate) dir: Option<PathBuf>,
    pub(crate) store_bytes_max: u64,
    pub(crate) store_exemplars_max: u64,
    pub(crate) wal_bytes_max: u64,
    pub(crate) rate: Option<NonZeroU32>,
}

impl Plan {
    /// All of them: what belongs to no tenant, then the tenants by place. Without tenants the first has everything.
    pub(crate) fn all(config: &Config, tenants: &Tenants) -> Result<Vec<Plan>, StartError> {
        let own = TenantLimits {
            share: config.no_tenant_share,
            rate: None,
        };
        let named = tenants.all().map(|(_, name)| {
            let limits = config.tenants.get(name).copied().unwrap_or_default();
            (Some(name), limits)
        });
        let each: Vec<(Option<&str>, TenantLimits)> = [(None, own)].into_iter().chain(named).collect();
        let all = each.iter().map(|(_, limits)| limits.share).sum();
        let memory = config.memory_parts();
        each.into_iter()
            .map(|(tenant, limits)| Plan::of(config, &memory, tenant, limits, all))
            .collect()
    }

    fn of(
        config: &Config,
        memory: &MemoryParts,
        tenant: Option<&str>,
        limits: TenantLimits,
        all: u32,
    ) -> Result<Plan, StartError> {
        let share = limits.share;
        let parts = memory.share(share, all);
        if share < all && parts.total < MEMORY_MIN {
            let (whose, key) = match tenant {
                Some(name) => (
                    format!("the tenant {name:?}"),
                    format!("its share in [tenants.{name}]"),
                ),
                None => (
                    "what belongs to no tenant".to_owned(),
                    "no_tenant_share".to_owned(),
                ),
            };
            return Err(StartError::Tenants(format!(
                "memory = {}: {whose} would get {} of it, and needs {MEMORY_MIN} bytes to work in; raise memory or {key}",
                memory.total, parts.total
            )));
        }
        let shards = part(config.shard_count() as u64, share, all);
        let dir = config.kept_in().map(|dir| match tenant {
            Some(name) => dir.join(TENANTS).join(name),
            None => dir.to_owned(),
        });
        Ok(Plan {
            tenant: tenant.map(Into::into),
            parts,
            shards: usize::try_from(shards).unwrap_or(usize::MAX).max(1),
            dir,
            store_bytes_max: part(config.store_bytes_max, share, all),
            store_exemplars_max: part(config.store_exemplars_max, share, all),
            wal_bytes_max: part(config.wal_bytes_max, share, all),
            rate: limits.rate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Layers;

    fn config(file: &str) -> Config {
        let mut layers = Layers::default();
        layers.set_toml(&format!("trust_header = true\n{file}"));
        Config::read(&layers).unwrap()
    }

    fn plans(file: &str, tenants: &[&str]) -> Result<Vec<Plan>, String> {
        let tenants = Tenants::new(tenants.iter().copied()).unwrap();
        Plan::all(&config(file), &tenants).map_err(|why| why.to_string())
    }

    #[test]
    fn without_tenants_everything_is_as_it_is_configured() {
        let config = config("memory = \"1GiB\"\nshards = 4\ndata_dir = \"/d\"");
        let plans = Plan::all(&config, &Tenants::default()).unwrap();
        assert_eq!(plans.len(), 1);
        let plan = &plans[0];
        assert_eq!((plan.parts, plan.shards), (config.memory_parts(), 4));
        assert_eq!(
            (plan.dir.as_deref(), plan.store_bytes_max),
            (config.kept_in(), config.store_bytes_max)
        );
        assert!(plan.tenant.is_none() && plan.rate.is_none());
    }

    #[test]
    fn shares_divide_memory_shards_and_store_and_each_has_a_directory() {
        let file = "memory = \"1GiB\"\nshards = 8\ndata_dir = \"/d\"\nstore_bytes_max = 1000\n[tenants.bolt]\nshare = 2\n\
                    rate = 7";
        let plans = plans(file, &["acme", "bolt"]).unwrap();
        let seen: Vec<_> = plans
            .iter()
            .map(|plan| {
                let dir = plan.dir.as_ref().unwrap().display().to_string();
                (plan.parts.total >> 20, plan.shards, plan.store_bytes_max, dir)
            })
            .collect();
        assert_eq!(
            seen,
            [
                (256, 2, 250, "/d".to_owned()),
                (256, 2, 250, "/d/tenants/acme".to_owned()),
                (512, 4, 500, "/d/tenants/bolt".to_owned()),
            ]
        );
        assert_eq!(plans[2].rate, NonZeroU32::new(7));
    }

    #[test]
    fn a_share_that_is_too_small_to_work_in_is_named_with_what_to_raise() {
        let why = plans("memory = \"64MiB\"\nno_tenant_share = 9", &["acme"]).unwrap_err();
        assert!(
            why.contains("\"acme\" would get 6710886 of it") && why.contains("[tenants.acme]"),
            "{why}"
        );
        let why = plans("memory = \"64MiB\"\n[tenants.acme]\nshare = 9", &["acme"]).unwrap_err();
        assert!(why.contains("no_tenant_share"), "{why}");
        assert!(plans("memory = \"64MiB\"", &["acme"]).is_ok());
    }
}
