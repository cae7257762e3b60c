//! How the bytes of a message are compressed.

/// A compression that receivers and files read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Coding {
    /// None.
    #[default]
    Identity,
    /// RFC 1952; several members are one stream.
    Gzip,
    /// RFC 8878; several frames are one stream.
    Zstd,
}

impl Coding {
    /// All of them, in order; `coding as usize` is its place.
    pub const ALL: [Coding; 3] = [Coding::Identity, Coding::Gzip, Coding::Zstd];

    /// As headers and metrics call it.
    pub fn name(self) -> &'static str {
        match self {
            Coding::Identity => "identity",
            Coding::Gzip => "gzip",
            Coding::Zstd => "zstd",
        }
    }

    /// What a header asks for, in any case; `None` for a coding that is not read.
    pub fn from_header(value: &str) -> Option<Coding> {
        let value = value.trim();
        match value.is_empty() {
            true => Some(Coding::Identity),
            false => Coding::ALL
                .into_iter()
                .find(|coding| value.eq_ignore_ascii_case(coding.name())),
        }
    }
}
