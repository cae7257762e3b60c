//! Who is told apart: the tenants that a process was started with, each by its name and its place.

/// Most tenants of one process: each has threads, tables and a store of its own.
pub const TENANTS_MAX: usize = 16;
/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 63;

/// One tenant, by its place among the [`Tenants`] of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tenant(u8);

impl Tenant {
    /// What belongs to no tenant.
    pub const NONE: Tenant = Tenant(0);

    /// 0 for [`Tenant::NONE`], then one after the other by name.
    pub fn place(self) -> usize {
        usize::from(self.0)
    }
}

/// Names of tenants, sorted; the same for as long as the process lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tenants(Box<[Box<str>]>);

impl Tenants {
    /// These, each once; the error says which is no name, or that they are too many.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Tenants, String> {
        let mut names: Vec<&str> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        names.iter().try_for_each(|name| check_tenant(name))?;
        match names.len() > TENANTS_MAX {
            true => Err(format!(
                "{} tenants are over the limit of {TENANTS_MAX}; run a second daemon for some of them",
                names.len()
            )),
            false => Ok(Tenants(names.into_iter().map(Into::into).collect())),
        }
    }

    /// All of them, by place.
    pub fn all(&self) -> impl Iterator<Item = (Tenant, &str)> {
        (1..).map(Tenant).zip(self.0.iter().map(|name| &**name))
    }

    /// Whether nobody is told apart.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one of this name.
    pub fn find(&self, name: &str) -> Option<Tenant> {
        self.all()
            .find(|&(_, known)| known == name)
            .map(|(tenant, _)| tenant)
    }
}

/// Whether a text can be the name of a tenant, which is also that of a directory; the error says why not.
pub fn check_tenant(name: &str) -> Result<(), String> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_inner = |byte: u8| is_letter(byte) || matches!(byte, b'-' | b'_');
    let is_name = name.len() <= NAME_BYTES_MAX
        && name.bytes().next().is_some_and(is_letter)
        && name.bytes().all(is_inner);
    match is_name {
        true => Ok(()),
        false => Err(format!(
            "{name:?} is no name of a tenant: write 1 to {NAME_BYTES_MAX} of a-z, 0-9, - and _, the first a letter or \
             digit"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_have_places_by_name_and_each_is_there_once() {
        let tenants = Tenants::new(["bolt", "acme", "bolt"]).unwrap();
        let all: Vec<_> = tenants
            .all()
            .map(|(tenant, name)| (tenant.place(), name))
            .collect();
        assert_eq!(all, [(1, "acme"), (2, "bolt")]);
        assert_eq!(tenants.find("bolt").map(Tenant::place), Some(2));
        assert_eq!(tenants.find("Bolt"), None);
        assert!(Tenants::default().is_empty() && Tenant::NONE.place() == 0);
    }

    #[test]
    fn a_name_is_safe_as_a_directory() {
        for wrong in [
            "",
            ".",
            "..",
            "a/b",
            "-a",
            "A",
            "é",
            "a b",
            "a|b",
            &"a".repeat(64),
        ] {
            let said = Tenants::new([wrong]).unwrap_err();
            assert!(said.contains("is no name of a tenant"), "{said}");
        }
        assert!(Tenants::new(["0", "team-7_b", &"a".repeat(63)]).is_ok());
    }

    #[test]
    fn there_are_sixteen_at_most() {
        let names: Vec<String> = (0..=TENANTS_MAX).map(|n| format!("t{n}")).collect();
        assert!(Tenants::new(names[1..].iter().map(String::as_str)).is_ok());
        let said = Tenants::new(names.iter().map(String::as_str)).unwrap_err();
        assert!(said.contains("17 tenants are over the limit of 16"), "{said}");
    }
}
