//! What each tenant may take: its share of the memory, and how many spans a second.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use hotspan_access::{TENANTS_MAX, check_tenant};
use toml::Value;

/// Largest share: beside it one of 1 is a thousandth.
const SHARE_MAX: u32 = 1_000;
/// How a tenant is written.
const FORM: &str = "write NAME, or NAME:share=N,rate=N";

/// Limits of one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantLimits {
    /// Its part of memory, shards and store, beside the shares of the others.
    pub share: u32,
    /// Most spans a second; `None` for as many as there is room for.
    pub rate: Option<NonZeroU32>,
}

impl Default for TenantLimits {
    fn default() -> TenantLimits {
        TenantLimits { share: 1, rate: None }
    }
}

/// Tenants by blanks, each with its limits.
pub(super) fn tenants(text: &str) -> Result<BTreeMap<String, TenantLimits>, String> {
    let mut tenants = BTreeMap::new();
    for tenant in text.split_whitespace() {
        let (name, limits) = tenant.split_once(':').unwrap_or((tenant, ""));
        check_tenant(name)?;
        let limits = read(limits).map_err(|why| format!("{name}: {why}"))?;
        if tenants.insert(name.to_owned(), limits).is_some() {
            return Err(format!("{name} is there twice; name it once"));
        }
    }
    match tenants.len() > TENANTS_MAX {
        true => Err(format!(
            "{} tenants are over the limit of {TENANTS_MAX}; run a second daemon for some of them",
            tenants.len()
        )),
        false => Ok(tenants),
    }
}

fn read(text: &str) -> Result<TenantLimits, String> {
    let mut limits = TenantLimits::default();
    for limit in text.split(',').filter(|limit| !limit.is_empty()) {
        match limit.split_once('=') {
            Some(("share", number)) => limits.share = share(number)?,
            Some(("rate", number)) => {
                let rate = number.parse().ok().and_then(NonZeroU32::new);
                let why = format!("rate = {number} is no whole number of spans a second from 1 on");
                limits.rate = Some(rate.ok_or(why)?);
            }
            _ => return Err(format!("{limit} is no limit; {FORM}")),
        }
    }
    Ok(limits)
}

/// A share of the memory.
pub(super) fn share(text: &str) -> Result<u32, String> {
    let share = text.parse().ok().filter(|share| (1..=SHARE_MAX).contains(share));
    share.ok_or_else(|| format!("share = {text} is no whole number from 1 to {SHARE_MAX}"))
}

/// Tables of a file as a flag has them.
pub(super) fn line(tables: &toml::Table) -> String {
    let limits = |value: &Value| match value.as_table() {
        Some(table) => {
            let pairs = table.iter().map(|(name, value)| format!("{name}={value}"));
            pairs.collect::<Vec<String>>().join(",")
        }
        None => value.to_string(),
    };
    let tenants = tables
        .iter()
        .map(|(name, value)| format!("{name}:{}", limits(value)));
    tenants.collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_the_file_and_a_line_say_the_same() {
        let table: toml::Table = "[acme]\nshare = 3\nrate = 5000\n[bolt]\n".parse().unwrap();
        let expected = BTreeMap::from([
            (
                "acme".to_owned(),
                TenantLimits {
                    share: 3,
                    rate: NonZeroU32::new(5_000),
                },
            ),
            ("bolt".to_owned(), TenantLimits::default()),
        ]);
        assert_eq!(tenants(&line(&table)).unwrap(), expected);
        assert_eq!(tenants("bolt acme:rate=5000,share=3").unwrap(), expected);
        assert!(tenants("").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        let table: toml::Table = "acme = 3\n".parse().unwrap();
        for (text, said) in [
            ("Acme", "is no name of a tenant"),
            (
                "acme:share=0",
                "acme: share = 0 is no whole number from 1 to 1000",
            ),
            ("acme:rate=0", "acme: rate = 0"),
            ("acme:shares=2", "shares=2 is no limit; write NAME"),
            ("acme acme", "twice"),
            (&line(&table), "3 is no limit"),
        ] {
            let why = tenants(text).unwrap_err();
            assert!(why.contains(said), "{why}");
        }
        let many: Vec<String> = (0..=TENANTS_MAX).map(|n| format!("t{n}")).collect();
        assert!(tenants(&many.join(" ")).unwrap_err().contains("17 tenants"));
    }
}
