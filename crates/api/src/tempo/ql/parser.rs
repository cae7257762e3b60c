//! Tokens as a question, by two stacks instead of recursion.

use super::lexer::{Lexer, Token, What};
use super::literal::{compare, literal};
use super::unsupported::Unsupported;
use super::{Compare, Condition, Field, Question, Step};

/// Longest question, in bytes.
const BYTES_MAX: usize = 4_096;
/// Most conditions of one question.
const CONDITIONS_MAX: usize = 64;
/// Deepest nesting of parentheses.
const DEPTH_MAX: usize = 32;

/// What waits on the stack for its right side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Open,
    Or,
    And,
}

impl Question {
    /// Reads a question; an empty one wants every span.
    pub(crate) fn new(text: &str) -> Result<Question, Unsupported> {
        if text.len() > BYTES_MAX {
            return Err(Unsupported::text(text, "a query has at most 4096 bytes"));
        }
        let mut parser = Parser {
            tokens: Lexer::new(text).peekable(),
            end: text.chars().count() + 1,
        };
        if parser.tokens.peek().is_none() {
            return Ok(Question::default());
        }
        let conditions = parser.spanset()?;
        let count = parser.count()?;
        match parser.tokens.next() {
            None => Ok(Question { conditions, count }),
            Some(token) => Err(Unsupported::new(
                token,
                "one set of spans and `| count() > n` are understood",
            )),
        }
    }
}

struct Parser<'a> {
    tokens: std::iter::Peekable<Lexer<'a>>,
    end: usize,
}

impl Parser<'_> {
    fn next(&mut self, expected: &'static str) -> Result<Token, Unsupported> {
        self.tokens.next().ok_or(Unsupported::end(self.end, expected))
    }

    fn expect(&mut self, what: &What, expected: &'static str) -> Result<(), Unsupported> {
        let token = self.next(expected)?;
        match token.what == *what {
            true => Ok(()),
            false => Err(Unsupported::new(token, expected)),
        }
    }

    fn takes(&mut self, what: &What) -> bool {
        self.tokens.next_if(|token| token.what == *what).is_some()
    }

    /// `{ … }` in postfix order.
    fn spanset(&mut self) -> Result<Vec<Step>, Unsupported> {
        self.expect(&What::Bracket('{'), "a query starts with `{`")?;
        let (mut steps, mut waiting, mut conditions) = (Vec::new(), Vec::new(), 0);
        if self.takes(&What::Bracket('}')) {
            return Ok(steps);
        }
        loop {
            self.open(&mut waiting)?;
            conditions += 1;
            let condition = self.condition(conditions)?;
            steps.push(Step::Is(condition));
            if self.joined(&mut steps, &mut waiting)? {
                return Ok(steps);
            }
        }
    }

    /// Any number of `(`.
    fn open(&mut self, waiting: &mut Vec<Waiting>) -> Result<(), Unsupported> {
        while let Some(token) = self.tokens.next_if(|token| token.what == What::Bracket('(')) {
            waiting.push(Waiting::Open);
            let depth = waiting.iter().filter(|&&of| of == Waiting::Open).count();
            if depth > DEPTH_MAX {
                return Err(Unsupported::new(token, "parentheses nest at most 32 deep"));
            }
        }
        Ok(())
    }

    /// Any number of `)`, then `&&`, `||`, or the end of the set: `true`.
    fn joined(&mut self, steps: &mut Vec<Step>, waiting: &mut Vec<Waiting>) -> Result<bool, Unsupported> {
        loop {
            let token = self.next("here `&&`, `||`, `)` or `}` is expected")?;
            let operator = match &token.what {
                What::Bracket(')') => {
                    pop(steps, waiting, Waiting::Or);
                    match waiting.pop() {
                        Some(_) => continue,
                        None => return Err(Unsupported::new(token, "it was never opened")),
                    }
                }
                What::Bracket('}') => {
                    pop(steps, waiting, Waiting::Or);
                    return match waiting.is_empty() {
                        true => Ok(true),
                        false => Err(Unsupported::new(token, "here `)` is expected")),
                    };
                }
                What::Operator(text) if text == "&&" => Waiting::And,
                What::Operator(text) if text == "||" => Waiting::Or,
                What::Bracket(_) | What::Operator(_) | What::Word(_) | What::Text(..) => {
                    return Err(Unsupported::new(token, "here `&&`, `||`, `)` or `}` is expected"));
                }
            };
            pop(steps, waiting, operator);
            waiting.push(operator);
            return Ok(false);
        }
    }

    fn condition(&mut self, number: usize) -> Result<Condition, Unsupported> {
        let token = self.next("here a field is expected")?;
        if number > CONDITIONS_MAX {
            return Err(Unsupported::new(token, "a query has at most 64 conditions"));
        }
        let field = match &token.what {
            What::Word(name) => Field::new(name),
            What::Bracket(_) | What::Operator(_) | What::Text(..) => None,
        };
        let fields = "fields are `resource.x`, `span.x`, `.x`, name, status, kind, duration, rootName, rootServiceName \
                      and traceDuration";
        let field = field.ok_or_else(|| Unsupported::new(token, fields))?;
        let operators = "comparisons are `=`, `!=`, `<`, `<=`, `>`, `>=`, `=~` and `!~`";
        let token = self.next(operators)?;
        let of = match &token.what {
            What::Operator(text) => compare(text),
            What::Bracket(_) | What::Word(_) | What::Text(..) => None,
        };
        let compare = of.ok_or_else(|| Unsupported::new(token, operators))?;
        let token = self.next("here a value is expected")?;
        if let What::Text(_, false) = token.what {
            return Err(Unsupported::new(token, "its closing quote is missing"));
        }
        let literal = literal(&field, compare, &token.what).map_err(|why| Unsupported::new(token, why))?;
        Ok(Condition {
            field,
            compare,
            literal,
        })
    }

    /// `| count() > n`, when it is there.
    fn count(&mut self) -> Result<Option<(Compare, f64)>, Unsupported> {
        if !self.takes(&What::Operator("|".to_owned())) {
            return Ok(None);
        }
        let only = "after `|` only `count()` is understood";
        self.expect(&What::Word("count".to_owned()), only)?;
        self.expect(&What::Bracket('('), only)?;
        self.expect(&What::Bracket(')'), only)?;
        let token = self.next("here a comparison is expected")?;
        let of = match &token.what {
            What::Operator(text) => compare(text),
            What::Bracket(_) | What::Word(_) | What::Text(..) => None,
        };
        let of = of.filter(|of| !matches!(of, Compare::Matches | Compare::DoesNotMatch));
        let compare = of.ok_or_else(|| {
            Unsupported::new(token, "numbers are compared with `=`, `!=`, `<`, `<=`, `>`, `>=`")
        })?;
        let token = self.next("here a number is expected")?;
        let number = match &token.what {
            What::Word(word) => word.parse::<u32>().ok(),
            What::Bracket(_) | What::Operator(_) | What::Text(..) => None,
        };
        let number = number.ok_or_else(|| Unsupported::new(token, "here a whole number is expected"))?;
        Ok(Some((compare, number.into())))
    }
}

/// Closes what binds at least as tightly as `than`.
fn pop(steps: &mut Vec<Step>, waiting: &mut Vec<Waiting>, than: Waiting) {
    while let Some(top) = waiting.last().copied()
        && (top == Waiting::And || (top == Waiting::Or && than == Waiting::Or))
    {
        waiting.pop();
        steps.push(if top == Waiting::And { Step::And } else { Step::Or });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The question in postfix order, conditions by their fields.
    fn postfix(text: &str) -> String {
        let question = Question::new(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let said = question.conditions.iter().map(|step| match step {
            Step::Is(condition) => format!("{:?}", condition.field),
            Step::And => "&&".to_owned(),
            Step::Or => "||".to_owned(),
        });
        said.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn and_binds_tighter_than_or_and_parentheses_tighter_than_both() {
        for (text, expected) in [
            ("", ""),
            ("{}", ""),
            ("{ name = \"a\" }", "Name"),
            (
                "{ name=\"a\" || status=ok && kind=server }",
                "Name Status Kind && ||",
            ),
            (
                "{ name=\"a\" && status=ok || kind=server }",
                "Name Status && Kind ||",
            ),
            (
                "{ (name=\"a\" || status=ok) && kind=server }",
                "Name Status || Kind &&",
            ),
            (
                "{ name=\"a\" && (status=ok || (kind=server)) }",
                "Name Status Kind || &&",
            ),
            (
                "{ name=\"a\" && status=ok && kind=server }",
                "Name Status && Kind &&",
            ),
        ] {
            assert_eq!(postfix(text), expected, "{text}");
        }
        let deep = format!("{{ {}name=\"a\"{} }}", "(".repeat(32), ")".repeat(32));
        assert_eq!(postfix(&deep), "Name");
    }

    #[test]
    fn the_first_token_that_is_not_understood_is_named() {
        let deep = format!("{{ {}name=\"a\"{} }}", "(".repeat(33), ")".repeat(33));
        let many = format!("{{ {} }}", vec!["name=\"a\""; 65].join("||"));
        let large = "{".repeat(5_000);
        for (text, said) in [
            ("{} >> {}", "`>>` at character 4"),
            ("{} && {}", "`&&` at character 4"),
            ("{ .a = 1 } | rate()", "`rate` at character 14"),
            ("{} | count() > 1 | by(.a)", "`|` at character 18"),
            ("{} | count() =~ 1", "`=~`"),
            ("{ event.name = \"x\" }", "`event.name` at character 3"),
            ("{ .a }", "`}` at character 6"),
            ("{ !(.a = 1) }", "`!`"),
            ("{ .a = nil }", "`nil`"),
            ("{ .a + 1 = 2 }", "`+`"),
            ("{ 1 = .a }", "`1`"),
            ("{ status = \"error\" }", "`\"error\"`"),
            ("{ status > error }", "`error`"),
            ("{ kind = boss }", "`boss`"),
            ("{ duration > 5 }", "`5`"),
            ("{ duration =~ \"5ms\" }", "`\"5ms\"`"),
            ("{ name = cart }", "`cart`"),
            ("{ name =~ \"(\" }", "`\"(\"`"),
            ("{ name =~ \"(a{1000}){1000}\" }", "too large"),
            ("{ name = \"a\" ) }", "`)` at character 14"),
            ("{ (name = \"a\" }", "`}`"),
            ("{ name = \"a }", "closing quote"),
            ("name = \"a\"", "`name` at character 1"),
            ("{ name = \"a\"", "ends too early, at character 13"),
            ("{", "ends too early"),
            ("(((", "`(`"),
            (&deep, "32 deep"),
            (&many, "64 conditions"),
            (&large, "4096 bytes"),
        ] {
            let error = Question::new(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn no_run_of_tokens_breaks_the_parser() {
        const TOKENS: [&str; 24] = [
            "{",
            "}",
            "(",
            ")",
            "&&",
            "||",
            "=",
            "!=",
            "=~",
            ">",
            "|",
            "name",
            ".a",
            "span.",
            "status",
            "error",
            "\"x\"",
            "`(`",
            "5ms",
            "-1",
            "count",
            "\"",
            "\\",
            "\u{e9}\u{1f980}",
        ];
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = |bound: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % bound
        };
        let mut read = 0;
        for _ in 0..20_000 {
            let length = next(14);
            let text: Vec<&str> = (0..length).map(|_| TOKENS[next(TOKENS.len())]).collect();
            match Question::new(&text.join([" ", ""][next(2)])) {
                Ok(question) => {
                    read += 1;
                    let values = question
                        .conditions
                        .iter()
                        .filter(|step| matches!(step, Step::Is(_)));
                    let joins = question.conditions.len() - values.clone().count();
                    assert_eq!(joins, values.count().saturating_sub(1), "{text:?}");
                }
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
        assert!(read > 100, "{read}");
    }
}
