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

        impl Keyword {
            /// The keyword of a word in lower case.
            #[expect(non_upper_case_globals, reason = "the constants are named after the variants")]
            pub(super) fn of(lower: &[u8]) -> Keyword {
                // Whole numbers compare in one step each, and the compiler searches them by halves.
                $(const $name: u128 = packed($text);)*
                if lower.len() > KEYWORD_BYTES_MAX {
                    return Keyword::Other;
                }
                match packed(lower) {
                    $($name => Keyword::$name,)*
                    _ => Keyword::Other,
                }
            }
        }
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

/// A short word as one number; in lower case when its letters are.
const fn packed(word: &[u8]) -> u128 {
    let mut number = 0;
    let mut at = 0;
    while at < word.len() {
        number = number << 8 | word[at] as u128;
        at += 1;
    }
    number
}

impl Keyword {
    /// The keyword of a word in any case.
    pub(super) fn of_any_case(word: &[u8]) -> Keyword {
        let mut lower = [0u8; KEYWORD_BYTES_MAX];
        let Some(lower) = lower.get_mut(..word.len()) else {
            return Keyword::Other;
        };
        for (to, from) in lower.iter_mut().zip(word) {
            *to = from.to_ascii_lowercase();
        }
        Keyword::of(lower)
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
