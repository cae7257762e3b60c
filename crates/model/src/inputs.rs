//! What the spans of a service tell, for rules that need it: a rule without its input is blind, not silent.

/// Something that spans may tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Input {
    /// Statements of a database.
    Queries,
    /// What their arguments were.
    Arguments,
    /// Remote calls.
    Calls,
    /// Where they go.
    Addresses,
    /// Client spans that say nothing more.
    UnknownCalls,
    /// Handshakes.
    Handshakes,
    /// Waits for a connection.
    Checkouts,
    /// Session statements: begin, commit.
    Sessions,
}

impl Input {
    /// All of them, in the order of their places.
    pub const ALL: [Input; 8] = [
        Input::Queries,
        Input::Arguments,
        Input::Calls,
        Input::Addresses,
        Input::UnknownCalls,
        Input::Handshakes,
        Input::Checkouts,
        Input::Sessions,
    ];
}

/// A set of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inputs(u8);

impl Inputs {
    /// Adds one.
    pub fn add(&mut self, input: Input) {
        self.0 |= 1 << input as u8;
    }

    /// Adds all of `others`.
    pub fn join(&mut self, others: Inputs) {
        self.0 |= others.0;
    }

    /// Whether it is told.
    pub fn has(self, input: Input) -> bool {
        self.0 & 1 << input as u8 != 0
    }
}
