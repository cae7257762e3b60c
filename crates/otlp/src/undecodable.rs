//! Why a whole request cannot be used.

/// The request cannot be framed: what, where, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {damage} at byte {offset}")]
pub struct Undecodable {
    /// Path of the field, in the words of the proto file.
    pub field: &'static str,
    /// What is wrong with it.
    pub damage: Damage,
    /// Offset in the request as it was sent.
    pub offset: usize,
}

/// What can be wrong with a message's frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The bytes end inside a field.
    #[error("the message ends inside a field")]
    Truncated,
    /// A length runs past the end of what holds it.
    #[error("a length runs past the end")]
    Length,
    /// A varint is longer than 64 bits.
    #[error("a varint is over ten bytes")]
    Varint,
    /// Field number 0, or one that no proto can have.
    #[error("a field number is out of range")]
    FieldNumber,
    /// Wire type 6 or 7.
    #[error("a wire type is unknown")]
    WireType,
    /// A group ends that never began, or never ends.
    #[error("a group is not balanced")]
    Group,
    /// The text is no JSON.
    #[error("the text is no JSON")]
    Json,
}
