//! A request as a program: what a service does to answer it, step by step. Faults are steps; a repair is another
//! program.

/// A length of time in microseconds that varies between two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Least.
    pub low: u64,
    /// Most.
    pub high: u64,
}

/// From `low` to `high` microseconds.
pub const fn us(low: u64, high: u64) -> Spread {
    Spread { low, high }
}

/// From `low` to `high` milliseconds.
pub const fn ms(low: u64, high: u64) -> Spread {
    us(low * 1_000, high * 1_000)
}

/// How a statement shows its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// Placeholders: not at all.
    Bound,
    /// In the text, another value each time.
    Inlined,
    /// In the text, the same value each time.
    Equal,
}

/// An outgoing operation whose other side has no spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// A read by key.
    Query {
        /// Table.
        table: &'static str,
        /// How its argument shows.
        arguments: Arguments,
    },
    /// One statement for a list of any length.
    QueryMany {
        /// Table.
        table: &'static str,
    },
    /// An insert of one row.
    Insert {
        /// Table.
        table: &'static str,
    },
    /// Any statement, on a database of its own name.
    Statement {
        /// Namespace.
        namespace: &'static str,
        /// Its text.
        text: &'static str,
    },
    /// A statement that handles the session: BEGIN, COMMIT.
    Session {
        /// Its text.
        text: &'static str,
    },
    /// A read by HTTP from one of many hosts that do the same; the item says which.
    Shard {
        /// Path.
        path: &'static str,
    },
    /// A change of one row.
    Update {
        /// Table.
        table: &'static str,
    },
    /// A call of a stored routine.
    Routine {
        /// Its name.
        name: &'static str,
    },
    /// A statement of which nothing shows but its database.
    Wordless,
    /// A handshake with the database.
    Connect,
    /// A wait for a pool's connection.
    Checkout,
    /// Messages to one destination, so many in one span.
    Publish {
        /// Destination.
        topic: &'static str,
        /// How many.
        messages: u32,
    },
    /// A cache read of one key.
    CacheGet {
        /// What stands before the id.
        prefix: &'static str,
    },
    /// A cache read of many keys.
    CacheMany {
        /// What stands before the ids.
        prefix: &'static str,
    },
    /// A call to a host without spans of its own.
    Http {
        /// Its name.
        host: &'static str,
        /// Method.
        method: &'static str,
        /// Path before the id.
        path: &'static str,
        /// It ends in an id.
        with_id: bool,
        /// It fails with this status.
        status: u16,
    },
}

/// How two services talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP with a route.
    Http,
    /// gRPC.
    Rpc,
}

/// One step of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Work without a span.
    Work(Spread),
    /// An outgoing operation.
    Out(Leaf, Spread),
    /// A call to a service that has spans.
    Call {
        /// Callee.
        service: &'static str,
        /// Its route or method.
        operation: &'static str,
        /// How they talk.
        protocol: Protocol,
        /// One way of the network.
        net: Spread,
        /// What the callee does.
        body: Vec<Step>,
    },
    /// A [`Step::Call`] whose caller gives up after a while, and goes on. The callee does not notice.
    GiveUp {
        /// The call.
        call: Box<Step>,
        /// How long the caller waits, in microseconds.
        after: u64,
    },
    /// A span of the same service around steps.
    Inside {
        /// Its name.
        name: &'static str,
        /// What it does.
        body: Vec<Step>,
    },
    /// Steps one after another; each draws what it draws in [`Step::Together`].
    InTurn(Vec<Step>),
    /// Steps started together; the last one to end ends it.
    Together(Vec<Step>),
    /// The same step for each item of a list.
    Each {
        /// How many items; varies over requests.
        items: (u64, u64),
        /// What is done for one.
        step: Box<Step>,
        /// A span around each.
        wrapped: Option<&'static str>,
        /// Work between two.
        gap: Spread,
        /// All at once instead of one after another.
        parallel: bool,
    },
    /// One operation for all items of a list: what repairs [`Step::Each`].
    AtOnce {
        /// As in the list it repairs.
        items: (u64, u64),
        /// What is done once.
        step: Box<Step>,
        /// What one more item adds to an operation, in thousandths of its length.
        marginal: Spread,
        /// Work for each item, which stays.
        gap: Spread,
    },
    /// A step whose every length is so many thousandths of itself.
    Faster(Box<Step>, u64),
    /// The first step so many times in a million requests, else the second.
    Either(u64, Box<Step>, Box<Step>),
    /// A step whose length is cut at so many microseconds: a timeout with a fallback.
    Capped(Box<Step>, u64),
}

/// A span before it is encoded. Times in nanoseconds from the start of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Its id.
    pub id: u64,
    /// Its parent, 0 for none.
    pub parent: u64,
    /// Its service.
    pub service: &'static str,
    /// What it does.
    pub what: What,
    /// Start.
    pub start: u64,
    /// End.
    pub end: u64,
}

/// What a span does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Answers a request.
    Server {
        /// Route or method.
        operation: &'static str,
        /// How it was asked.
        protocol: Protocol,
    },
    /// Answers a request and does not say which.
    Unrouted {
        /// Name of its span.
        name: String,
    },
    /// Takes a message.
    Consumer {
        /// Where from.
        topic: &'static str,
        /// Traces and spans of those who sent it, when they are not its parent.
        links: Vec<(u128, u64)>,
    },
    /// A job that nobody asked for.
    Job {
        /// Its name.
        name: &'static str,
    },
    /// Asks another service.
    Client {
        /// Callee.
        service: &'static str,
        /// Route or method.
        operation: &'static str,
        /// How it asks.
        protocol: Protocol,
        /// The id in the path.
        item: u64,
    },
    /// Asked another service, and did not wait for the answer.
    GivenUp {
        /// Callee.
        service: &'static str,
        /// Route.
        operation: &'static str,
    },
    /// Work with a span.
    Internal {
        /// Its name.
        name: &'static str,
    },
    /// An outgoing operation; `item` is its argument.
    Leaf {
        /// Which.
        leaf: Leaf,
        /// Its argument.
        item: u64,
    },
}
