//! The words that the template and the outline look at.

macro_rules! keywords {
    ($($name:ident $text:literal),* $(,)?) => {
        /// A word that means something to the template or the outline.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Keyword {
            /// Any other word.
            Other,
            $($name),*
        }

        const KEYWORDS: &[(&[u8], Keyword)] = &[$(($text, Keyword::$name)),*];
    };
}

keywords! {
    All b"all", Alter b"alter", Analyze b"analyze", And b"and", As b"as", Begin b"begin", By b"by", Call b"call",
    Close b"close", Copy b"copy", Create b"create", Deallocate b"deallocate", Declare b"declare",
    Default b"default", Delete b"delete", Distinct b"distinct", Drop b"drop", Except b"except", Exec b"exec",
    Execute b"execute", Exists b"exists", Explain b"explain", False b"false", Fetch b"fetch", For b"for",
    From b"from", Group b"group", Having b"having", If b"if", Ignore b"ignore", In b"in", Index b"index",
    Insert b"insert", Intersect b"intersect", Into b"into", Join b"join", Lateral b"lateral", Limit b"limit",
    Merge b"merge", Minus b"minus", Move b"move", Not b"not", Null b"null", Offset b"offset", On b"on",
    Only b"only", Or b"or", Order b"order", Prepare b"prepare", Recursive b"recursive", Release b"release",
    Replace b"replace", Returning b"returning", Rollback b"rollback", S b"s", Savepoint b"savepoint",
    Select b"select", Set b"set", Table b"table", Then b"then", To b"to", Transaction b"transaction",
    True b"true", Truncate b"truncate", Union b"union", Update b"update", Upsert b"upsert", Using b"using",
    Values b"values", View b"view", When b"when", Where b"where", Window b"window", With b"with",
}

/// Longest keyword, in bytes.
const KEYWORD_BYTES_MAX: usize = 11;

/// Slots of the table: sparse, so that most words need one look.
const SLOTS: usize = 512;

/// The keywords by [`slot`]; those that meet stand behind each other.
static TABLE: [(u128, Keyword); SLOTS] = {
    let mut table = [(0, Keyword::Other); SLOTS];
    let mut next = 0;
    while next < KEYWORDS.len() {
        let number = packed(KEYWORDS[next].0);
        let mut at = slot(number);
        while table[at].0 != 0 {
            at = (at + 1) % SLOTS;
        }
        table[at] = (number, KEYWORDS[next].1);
        next += 1;
    }
    table
};

const fn slot(number: u128) -> usize {
    let mixed = (number as u64 ^ (number >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize % SLOTS
}

/// A short word in lower case as one number; no other byte turns into a letter.
#[inline]
const fn packed(word: &[u8]) -> u128 {
    let mut number = 0;
    let mut at = 0;
    while at < word.len() {
        number = (number << 8) | (word[at] | 0x20) as u128;
        at += 1;
    }
    number
}

impl Keyword {
    /// The keyword of a word in any case.
    #[inline]
    pub(super) fn of_any_case(word: &[u8]) -> Keyword {
        if word.len() > KEYWORD_BYTES_MAX {
            return Keyword::Other;
        }
        let number = packed(word);
        let mut at = slot(number);
        loop {
            let (known, keyword) = TABLE[at];
            if known == number || known == 0 {
                return keyword;
            }
            at = (at + 1) % SLOTS;
        }
    }

    /// A constant that is a value where a list has it alone.
    pub(super) fn is_constant(self) -> bool {
        matches!(
            self,
            Keyword::Null | Keyword::Default | Keyword::True | Keyword::False
        )
    }

    /// Ends an operand of a chain of OR.
    pub(super) fn ends_operand(self) -> bool {
        use Keyword::*;
        self == Or || self == And || self == On || self == When || self == Then || self.ends_sources()
    }

    /// Ends a list of sources; none can stand inside one.
    pub(super) fn ends_sources(self) -> bool {
        use Keyword::*;
        matches!(
            self,
            Where | Group | Order | Having | Limit | Offset | Fetch | For | Window | Returning | Set | Values
        ) || self.is_set_operator()
    }

    /// Stands between two SELECTs.
    pub(super) fn is_set_operator(self) -> bool {
        matches!(
            self,
            Keyword::Union | Keyword::Intersect | Keyword::Except | Keyword::Minus
        )
    }
}
