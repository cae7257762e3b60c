//! One node of a forest.

use hotspan_model::{Bits, Class, DefectKind, Kind, Nanos, SpanId, Symbol};

/// No node, no span, no group.
pub const NONE: u32 = u32::MAX;

/// How a node hangs from its parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edge {
    /// It has none: a real or a fragment root.
    #[default]
    Root,
    /// The parent waits for it.
    Sync,
    /// A message or a follow-up: nobody waits.
    Async,
    /// By its times the parent cannot have waited.
    Detached,
}

/// A single fact that normalisation found out about a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Mark {
    /// It takes part in the path of its unit.
    Live,
    /// It stands for a parent that was never received.
    Phantom,
    /// It is an interval of a folded group.
    Folded,
    /// It ended before it started.
    NegativeDuration,
    /// It does not say when; its interval is that of its children.
    NoTime,
    /// Longer than a day: used, but kept out of latency statistics.
    Implausible,
    /// Its copy was dropped.
    Duplicate,
    /// A server that shares its client's id.
    SharedId,
    /// Another span had its id first.
    IdConflict,
    /// A circle of parents was cut above it.
    Cycle,
    /// Its parent was never received.
    MissingParent,
    /// Its parent's id was not readable.
    BadParent,
    /// A phantom whose place was worked out.
    Inferred,
    /// Its clock was corrected.
    SkewCorrected,
    /// Its clock is too far off to be corrected.
    SkewCapped,
    /// Went on after its caller gave up.
    Abandoned,
    /// It or an awaiting ancestor is [`Mark::Abandoned`].
    InAbandoned,
    /// Not awaited: it outlives its parent, or starts after it.
    Detached,
    /// Cut to its parent.
    Clipped,
    /// Wholly outside its parent.
    Outside,
    /// A head that one of its causes starts after.
    Acausal,
    /// Summary of a group whose gaps were closed.
    UnionApprox,
}

impl Mark {
    /// Those that say that something is wrong, in order of the defects.
    const DEFECTS: [(Mark, DefectKind); 18] = [
        (Mark::NegativeDuration, DefectKind::NegativeDuration),
        (Mark::NoTime, DefectKind::NoTime),
        (Mark::Implausible, DefectKind::Implausible),
        (Mark::Duplicate, DefectKind::Duplicate),
        (Mark::SharedId, DefectKind::SharedId),
        (Mark::IdConflict, DefectKind::IdConflict),
        (Mark::Cycle, DefectKind::Cycle),
        (Mark::MissingParent, DefectKind::MissingParent),
        (Mark::Inferred, DefectKind::Inferred),
        (Mark::SkewCorrected, DefectKind::SkewCorrected),
        (Mark::SkewCapped, DefectKind::SkewCapped),
        (Mark::Detached, DefectKind::Detached),
        (Mark::Abandoned, DefectKind::Abandoned),
        (Mark::Clipped, DefectKind::Clipped),
        (Mark::Outside, DefectKind::Outside),
        (Mark::Acausal, DefectKind::Acausal),
        (Mark::UnionApprox, DefectKind::UnionApprox),
        (Mark::BadParent, DefectKind::BadParent),
    ];

    /// Those that say nothing of the kind about a node itself.
    const GOOD: u32 = Marks::of([
        Mark::Live,
        Mark::Phantom,
        Mark::Folded,
        Mark::InAbandoned,
        Mark::SkewCorrected,
        Mark::SkewCapped,
    ])
    .0;
}

/// A set of marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks(u32);

impl Marks {
    /// The set of these.
    pub(crate) const fn of<const N: usize>(marks: [Mark; N]) -> Marks {
        let (mut bits, mut at) = (0, 0);
        while at < N {
            bits |= 1 << marks[at] as u8;
            at += 1;
        }
        Marks(bits)
    }

    /// Whether `mark` is in it.
    pub fn has(self, mark: Mark) -> bool {
        self.0 >> mark as u8 & 1 == 1
    }

    /// Adds `mark`.
    pub fn set(&mut self, mark: Mark) {
        self.0 |= 1 << mark as u8;
    }

    /// Adds all of `marks`.
    pub(super) fn add(&mut self, marks: Marks) {
        self.0 |= marks.0;
    }

    /// Whether something is wrong with the node itself, and not with its host.
    pub(super) fn any_own_defect(self) -> bool {
        self.0 & !Mark::GOOD != 0
    }

    /// Whether any of `marks` is in it.
    #[inline]
    pub(crate) fn any(self, marks: Marks) -> bool {
        self.0 & marks.0 != 0
    }
}

/// A span, a placeholder or an interval of a group, in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Span id as a number; 0 for the placeholder of unreadable parents, `u64::MAX` for intervals of groups.
    pub id: u64,
    /// Tells nodes with one id apart, 0 for most; the same in whatever order the spans came.
    pub twin: u32,
    /// Place of its span in the trace, or [`NONE`].
    pub span: u32,
    /// Place of its group in the trace, or [`NONE`].
    pub group: u32,
    /// Its parent, or [`NONE`].
    pub parent: u32,
    /// The head of its unit: the sync tree it belongs to.
    pub head: u32,
    /// Distance from its root.
    pub depth: u32,
    /// Its service; `None` for a placeholder.
    pub service: Option<Symbol>,
    /// Its clock domain, when known.
    pub host: Option<Symbol>,
    /// What it does; `None` for a placeholder.
    pub operation: Option<Symbol>,
    /// Kind, class, status and flags of its span.
    pub bits: Bits,
    /// Its interval `[b, e)` with its clock corrected, as offsets in ns from the forest's base.
    pub b: i64,
    /// See `b`.
    pub e: i64,
    /// The interval `[start, end)`: the above, clipped to its parent's.
    pub start: i64,
    /// See `start`.
    pub end: i64,
    /// How far its children may overlap, in ns, and still count as one after the other.
    pub tolerance: i64,
    /// What normalisation found out.
    pub marks: Marks,
    /// How it hangs from its parent.
    pub edge: Edge,
    /// Step of its clock as a power of 1,000 ns.
    pub(crate) step: u8,
}

impl Node {
    /// Orders nodes where times are equal; no two have the same.
    pub fn key(&self) -> (u64, u32) {
        (self.id, self.twin)
    }

    /// The span's id; `None` for a placeholder of unreadable parents and for a group.
    pub fn span_id(&self) -> Option<SpanId> {
        (self.group == NONE).then(|| SpanId::new(self.id)).flatten()
    }

    /// Its parent.
    pub fn parent(&self) -> Option<u32> {
        (self.parent != NONE).then_some(self.parent)
    }

    /// Its kind; unspecified for a placeholder.
    pub fn kind(&self) -> Kind {
        self.bits.kind()
    }

    /// Its class.
    pub fn class(&self) -> Class {
        self.bits.class()
    }

    /// Whether `mark` is set.
    pub fn has(&self, mark: Mark) -> bool {
        self.marks.has(mark)
    }

    /// Whether it takes part in the path of its unit.
    pub fn is_live(&self) -> bool {
        self.has(Mark::Live)
    }

    /// Whether its parent waits for it.
    pub fn is_awaited(&self) -> bool {
        self.edge == Edge::Sync
    }

    /// What is wrong with it.
    pub fn defects(&self) -> impl Iterator<Item = DefectKind> {
        let marks = self.marks;
        let wrong = Mark::DEFECTS
            .into_iter()
            .filter(move |(mark, _)| marks.has(*mark));
        wrong.map(|(_, kind)| kind)
    }

    /// Length of the clipped interval.
    pub fn length(&self) -> Nanos {
        Nanos(u64::try_from(self.end - self.start).unwrap_or(0))
    }
}
