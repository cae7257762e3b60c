//! A question as tokens.

/// One token with where it starts, in characters from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) what: What,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// `{ } ( )`
    Bracket(char),
    /// A run of operator characters, whether or not it is an operator.
    Operator(String),
    /// A name, a keyword, a number or a duration.
    Word(String),
    /// A text, unquoted; the flag says whether its end was there.
    Text(String, bool),
}

/// The tokens of a question, one at a time.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    at: usize,
}

impl What {
    /// How it is said back.
    pub(super) fn said(&self) -> String {
        match self {
            What::Bracket(bracket) => bracket.to_string(),
            What::Operator(text) | What::Word(text) => text.clone(),
            What::Text(text, _) => format!("\"{text}\""),
        }
    }
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Lexer<'a> {
        Lexer {
            rest: text.chars().peekable(),
            at: 0,
        }
    }

    fn take(&mut self) -> Option<char> {
        self.at += 1;
        self.rest.next()
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(&next) = self.rest.peek()
            && wanted(next)
        {
            text.push(next);
            self.take();
        }
        text
    }

    /// A text up to its closing quote; escapes are read between double quotes.
    fn text(&mut self) -> (String, bool) {
        let mut text = String::new();
        let Some(quote) = self.take() else {
            return (text, false);
        };
        while let Some(next) = self.take() {
            match next {
                _ if next == quote => return (text, true),
                '\\' if quote == '"' => match self.take() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some(escaped) => text.push(escaped),
                    None => return (text, false),
                },
                _ => text.push(next),
            }
        }
        (text, false)
    }

    /// A name; after a dot a part of it may be quoted.
    fn word(&mut self) -> What {
        let mut word = self.take_while(is_of_word);
        while word.ends_with('.') && self.rest.peek() == Some(&'"') {
            let (part, closed) = self.text();
            if !closed {
                return What::Text(part, false);
            }
            word += &part;
            word += &self.take_while(is_of_word);
        }
        What::Word(word)
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.take_while(char::is_whitespace);
        let &next = self.rest.peek()?;
        let at = self.at + 1;
        let what = match next {
            '{' | '}' | '(' | ')' => {
                self.take();
                What::Bracket(next)
            }
            '"' | '`' => {
                let (text, closed) = self.text();
                What::Text(text, closed)
            }
            _ if is_of_operator(next) => What::Operator(self.take_while(is_of_operator)),
            _ => self.word(),
        };
        Some(Token { at, what })
    }
}

fn is_of_operator(c: char) -> bool {
    matches!(
        c,
        '=' | '!' | '<' | '>' | '~' | '&' | '|' | '+' | '*' | '^' | ',' | '%'
    )
}

fn is_of_word(c: char) -> bool {
    !c.is_whitespace() && !is_of_operator(c) && !matches!(c, '{' | '}' | '(' | ')' | '"' | '`')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(usize, String)> {
        Lexer::new(text)
            .map(|token| (token.at, token.what.said()))
            .collect()
    }

    #[test]
    fn tokens_know_their_places() {
        let token = |at, said: &str| (at, said.to_owned());
        assert_eq!(
            said("{ .a-b>=1.5s&&span.\"x y\"!~`\\d` }"),
            [
                token(1, "{"),
                token(3, ".a-b"),
                token(7, ">="),
                token(9, "1.5s"),
                token(13, "&&"),
                token(15, "span.x y"),
                token(25, "!~"),
                token(27, "\"\\d\""),
                token(32, "}"),
            ]
        );
        assert_eq!(said("\"a\\\"b\\n\""), [token(1, "\"a\"b\n\"")]);
        assert_eq!(
            Lexer::new("\"open").next().unwrap().what,
            What::Text("open".to_owned(), false)
        );
        assert_eq!(said("ä🦀=1")[1], token(3, "="));
    }
}
