//! What fits in 32 bits of a span record: kind, class, status, HTTP status, visibility, flags.

/// OTLP's span kind; unknown numbers read as `Unspecified`, which is analysed as `Internal`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Absent, or a number this version does not know.
    #[default]
    Unspecified,
    /// Work inside one service.
    Internal,
    /// Answers a request.
    Server,
    /// Makes a request.
    Client,
    /// Sends a message.
    Producer,
    /// Works on a message.
    Consumer,
}

/// What a span does, decided from its attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// Middleware, resolvers, timers: no outgoing operation.
    #[default]
    Internal,
    /// Answers a request.
    Server,
    /// Works on a message.
    Consumer,
    /// Waits for a message: a blocking read.
    Wait,
    /// A handshake: DNS, TCP, TLS, login.
    Connect,
    /// Waits for a connection of a pool.
    Checkout,
    /// Session handling: begin, commit, set, ping.
    DbMeta,
    /// A statement of a database, search or document store.
    Db,
    /// A command of a cache.
    Cache,
    /// Sends a message.
    Publish,
    /// A remote call: HTTP, RPC, function, model.
    Call,
    /// A client span that says nothing more.
    UnknownOut,
}

impl Class {
    #[cfg(test)]
    const ALL: [Class; 12] = [
        Class::Internal,
        Class::Server,
        Class::Consumer,
        Class::Wait,
        Class::Connect,
        Class::Checkout,
        Class::DbMeta,
        Class::Db,
        Class::Cache,
        Class::Publish,
        Class::Call,
        Class::UnknownOut,
    ];

    /// How answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Class::Internal => "internal",
            Class::Server => "server",
            Class::Consumer => "consumer",
            Class::Wait => "wait",
            Class::Connect => "connect",
            Class::Checkout => "checkout",
            Class::DbMeta => "db-meta",
            Class::Db => "db",
            Class::Cache => "cache",
            Class::Publish => "publish",
            Class::Call => "call",
            Class::UnknownOut => "unknown-out",
        }
    }

    /// Whether it is an outgoing operation that detectors group: db, cache, call, publish.
    pub fn is_outgoing(self) -> bool {
        matches!(self, Class::Db | Class::Cache | Class::Call | Class::Publish)
    }
}

/// OTLP's status code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Status {
    /// Nobody said.
    #[default]
    Unset,
    /// Said to be good.
    Ok,
    /// Failed.
    Error,
}

/// What can be seen of an operation's arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Visibility {
    /// There is no text at all.
    #[default]
    None,
    /// The parameter hash covers all of them.
    Visible,
    /// Placeholders stand for them.
    Hidden,
    /// The text was cut.
    Cut,
}

/// Single facts about a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Flag {
    /// Entered the service from outside (OTLP flags bits 8 and 9).
    RemoteParent,
    /// It names a parent, but not with 8 bytes: the parent is missing.
    BadParent,
    /// It ended before it started; its duration reads as zero.
    NegativeDuration,
    /// It failed by any of the signs of the alias table, not by status alone.
    Failed,
    /// A summary that an upstream pruner wrote; its [`crate::Summary`] is beside it.
    Summary,
    /// One span that holds many operations: batch, pipeline, multi-row insert, multi-key command.
    Batched,
    /// It follows from its parent (`opentracing.ref_type`) and is not awaited.
    FollowsFrom,
    /// `hotspan.ignore` stands on it.
    Ignored,
    /// It has [`crate::Side`] records.
    HasSide,
    /// Its template is its masked name: no attribute said what it does.
    Unnamed,
}

/// The packed bits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bits(u32);

const KIND_SHIFT: u32 = 0;
const CLASS_SHIFT: u32 = 3;
const STATUS_SHIFT: u32 = 7;
const VISIBILITY_SHIFT: u32 = 9;
const HTTP_SHIFT: u32 = 11;
const FLAG_SHIFT: u32 = 21;

impl Bits {
    /// Bits with this kind and class, and nothing else known.
    pub fn new(kind: Kind, class: Class) -> Bits {
        Bits((kind as u32) << KIND_SHIFT | (class as u32) << CLASS_SHIFT)
    }

    fn field(self, shift: u32, mask: u32) -> u32 {
        (self.0 >> shift) & mask
    }

    fn put(self, shift: u32, mask: u32, value: u32) -> Bits {
        Bits(self.0 & !(mask << shift) | (value & mask) << shift)
    }

    /// The span kind.
    pub fn kind(self) -> Kind {
        match self.field(KIND_SHIFT, 7) {
            1 => Kind::Internal,
            2 => Kind::Server,
            3 => Kind::Client,
            4 => Kind::Producer,
            5 => Kind::Consumer,
            _ => Kind::Unspecified,
        }
    }

    /// The class.
    pub fn class(self) -> Class {
        match self.field(CLASS_SHIFT, 15) {
            1 => Class::Server,
            2 => Class::Consumer,
            3 => Class::Wait,
            4 => Class::Connect,
            5 => Class::Checkout,
            6 => Class::DbMeta,
            7 => Class::Db,
            8 => Class::Cache,
            9 => Class::Publish,
            10 => Class::Call,
            11 => Class::UnknownOut,
            _ => Class::Internal,
        }
    }

    /// The same bits with another class.
    #[must_use]
    pub fn with_class(self, class: Class) -> Bits {
        self.put(CLASS_SHIFT, 15, class as u32)
    }

    /// The status code.
    pub fn status(self) -> Status {
        match self.field(STATUS_SHIFT, 3) {
            1 => Status::Ok,
            2 => Status::Error,
            _ => Status::Unset,
        }
    }

    /// The same bits with another status.
    #[must_use]
    pub fn with_status(self, status: Status) -> Bits {
        self.put(STATUS_SHIFT, 3, status as u32)
    }

    /// What can be seen of the arguments.
    pub fn visibility(self) -> Visibility {
        match self.field(VISIBILITY_SHIFT, 3) {
            1 => Visibility::Visible,
            2 => Visibility::Hidden,
            3 => Visibility::Cut,
            _ => Visibility::None,
        }
    }

    /// The same bits with another visibility.
    #[must_use]
    pub fn with_visibility(self, visibility: Visibility) -> Bits {
        self.put(VISIBILITY_SHIFT, 3, visibility as u32)
    }

    /// The HTTP status code, 0 when unknown or out of range.
    pub fn http_status(self) -> u16 {
        // Ten bits always fit.
        self.field(HTTP_SHIFT, 0x3ff) as u16
    }

    /// The same bits with an HTTP status; codes beyond 1023 read as unknown.
    #[must_use]
    pub fn with_http_status(self, code: u16) -> Bits {
        self.put(HTTP_SHIFT, 0x3ff, if code < 1024 { u32::from(code) } else { 0 })
    }

    /// Whether `flag` is set.
    pub fn has(self, flag: Flag) -> bool {
        self.0 >> (FLAG_SHIFT + flag as u32) & 1 == 1
    }

    /// The same bits with `flag` set.
    #[must_use]
    pub fn with(self, flag: Flag) -> Bits {
        Bits(self.0 | 1 << (FLAG_SHIFT + flag as u32))
    }

    /// The same bits with `flag` set or not.
    #[must_use]
    pub fn with_if(self, flag: Flag, on: bool) -> Bits {
        if on { self.with(flag) } else { self }
    }
}

impl std::fmt::Debug for Bits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}/{:?}", self.kind(), self.class())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_touches_another() {
        let bits = Bits::new(Kind::Consumer, Class::UnknownOut)
            .with_status(Status::Error)
            .with_visibility(Visibility::Cut)
            .with_http_status(999)
            .with(Flag::Unnamed)
            .with(Flag::RemoteParent);
        assert_eq!(bits.kind(), Kind::Consumer);
        assert_eq!(bits.class(), Class::UnknownOut);
        assert_eq!(bits.status(), Status::Error);
        assert_eq!(bits.visibility(), Visibility::Cut);
        assert_eq!(bits.http_status(), 999);
        assert!(bits.has(Flag::Unnamed) && bits.has(Flag::RemoteParent) && !bits.has(Flag::Failed));
        assert_eq!(bits.with_class(Class::Db).with_http_status(0).class(), Class::Db);
    }

    #[test]
    fn every_class_is_listed_at_its_place() {
        for (place, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, place, "{}", class.name());
        }
    }
}
