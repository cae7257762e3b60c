//! What a credential may do.

use std::fmt;

/// One thing that a credential may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Scope {
    /// Send telemetry.
    Ingest,
    /// Ask for answers.
    Read,
    /// Acknowledge, mute and reopen hotspots; whoever may do that may also read.
    Admin,
}

impl Scope {
    /// All of them, in order.
    pub const ALL: [Scope; 3] = [Scope::Ingest, Scope::Read, Scope::Admin];

    /// How files and messages call it.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Ingest => "ingest",
            Scope::Read => "read",
            Scope::Admin => "admin",
        }
    }
}

/// A set of [`Scope`]s. Invariant: with `admin` comes `read`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// None: it may do nothing.
    pub const NONE: Scopes = Scopes(0);

    /// The same with `scope`.
    #[must_use]
    pub fn with(self, scope: Scope) -> Scopes {
        let reads = match scope {
            Scope::Admin => bit(Scope::Read),
            Scope::Ingest | Scope::Read => 0,
        };
        Scopes(self.0 | bit(scope) | reads)
    }

    /// All of both.
    #[must_use]
    pub fn and(self, other: Scopes) -> Scopes {
        Scopes(self.0 | other.0)
    }

    /// Whether it may do this.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    /// Reads names; the error says which is none.
    pub fn read<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Scopes, String> {
        let mut scopes = Scopes::NONE;
        for name in names {
            let known = Scope::ALL.into_iter().find(|scope| scope.name() == name);
            let scope = known.ok_or_else(|| format!("{name:?} is no scope; ingest, read and admin are"))?;
            scopes = scopes.with(scope);
        }
        match scopes == Scopes::NONE {
            true => Err("there is no scope; name some of ingest, read and admin".into()),
            false => Ok(scopes),
        }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = Scope::ALL.into_iter().filter(|&scope| self.has(scope));
        let names: Vec<&str> = held.map(Scope::name).collect();
        f.write_str(&names.join(", "))
    }
}

fn bit(scope: Scope) -> u8 {
    1 << scope as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_by_name_and_admin_reads_as_well() {
        let both = Scopes::read(["ingest", "admin"]).unwrap();
        assert!(Scope::ALL.into_iter().all(|scope| both.has(scope)));
        let ingest = Scopes::read(["ingest"]).unwrap();
        assert!(ingest.has(Scope::Ingest) && !ingest.has(Scope::Read) && !ingest.has(Scope::Admin));
        assert_eq!(both.to_string(), "ingest, read, admin");
        assert!(
            Scopes::read(["write"])
                .unwrap_err()
                .contains("\"write\" is no scope")
        );
        assert!(Scopes::read([]).unwrap_err().contains("no scope"));
    }
}
