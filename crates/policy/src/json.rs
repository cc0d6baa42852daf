//! Reading JSON with positions, so that findings and matched statements can say where they stand.
//!
//! Stricter than most readers, because two readers that disagree about a policy are a hole: nesting is bounded, a name may
//! stand only once in an object, a byte order mark and lone surrogates are refused, and numbers stay the text they are (RFC 8259).

/// A place in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// The line, counted from 1.
    pub line: u32,
    /// The character within the line, counted from 1.
    pub column: u32,
}

impl Position {
    /// The column as the simulator's MatchedStatements report it: recorded answers show braces one past their place counted from 1.
    #[must_use]
    pub const fn simulator_column(self) -> u32 {
        self.column.saturating_add(1)
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The deepest nesting of objects and arrays in a policy.
pub const MAX_DEPTH: usize = 64;

/// Why a text is no JSON that this crate reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at {position}")]
pub struct ParseJsonError {
    problem: Problem,
    position: Position,
}

impl ParseJsonError {
    /// Where reading stopped.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    /// What is wrong.
    #[must_use]
    pub const fn problem(&self) -> Problem {
        self.problem
    }
}

/// What can be wrong with a JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Problem {
    /// The text begins with a byte order mark.
    #[error("a byte order mark is not allowed")]
    ByteOrderMark,
    /// The text ends too early.
    #[error("the text ends too early")]
    End,
    /// A character that cannot stand here.
    #[error("unexpected character")]
    Unexpected,
    /// Objects and arrays are nested deeper than the bound.
    #[error("nested too deeply")]
    Depth,
    /// A name stands twice in one object.
    #[error("a name stands twice in one object")]
    DuplicateName,
    /// An escape that JSON does not have, or half a surrogate pair.
    #[error("invalid escape")]
    Escape,
    /// A control character inside a string.
    #[error("a control character must be escaped")]
    Control,
    /// A number that JSON does not allow.
    #[error("invalid number")]
    Number,
    /// Something follows the value.
    #[error("something follows the document")]
    Trailing,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Json,
    /// Its first character.
    pub(crate) start: Position,
    /// Its last character.
    pub(crate) end: Position,
    /// Its bytes in the text.
    pub(crate) span: std::ops::Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// As written.
    Number(Box<str>),
    Text(Box<str>),
    Array(Vec<Node>),
    /// In the order of the text; names are unique.
    Object(Vec<Member>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: Box<str>,
    pub(crate) at: Position,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&[Member]> {
        match &self.value {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The elements of an array, or the value itself: in policies a list of one equals its element.
    pub(crate) fn one_or_many(&self) -> &[Node] {
        match &self.value {
            Json::Array(elements) => elements,
            _ => std::slice::from_ref(self),
        }
    }
}

pub(crate) fn member<'a>(members: &'a [Member], name: &str) -> Option<&'a Node> {
    members
        .iter()
        .find(|member| &*member.name == name)
        .map(|member| &member.node)
}

/// Reads a whole text.
pub(crate) fn parse(text: &str, max_depth: usize) -> Result<Node, ParseJsonError> {
    let mut reader = Reader {
        text,
        at: 0,
        line: 1,
        column: 1,
        max_depth,
    };
    if text.starts_with('\u{feff}') {
        return Err(reader.error(Problem::ByteOrderMark));
    }
    reader.space();
    let node = reader.value(0)?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.error(Problem::Trailing));
    }
    Ok(node)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    column: u32,
    max_depth: usize,
}

impl Reader<'_> {
    fn error(&self, problem: Problem) -> ParseJsonError {
        ParseJsonError {
            problem,
            position: self.position(),
        }
    }

    fn position(&self) -> Position {
        Position {
            line: self.line,
            column: self.column,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over one ASCII byte that is no line feed.
    fn step(&mut self) {
        self.at += 1;
        self.column = self.column.saturating_add(1);
    }

    fn space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => self.step(),
                b'\n' => {
                    self.at += 1;
                    self.line = self.line.saturating_add(1);
                    self.column = 1;
                }
                _ => break,
            }
        }
    }

    fn unexpected<T>(&self) -> Result<T, ParseJsonError> {
        Err(self.error(if self.at < self.text.len() {
            Problem::Unexpected
        } else {
            Problem::End
        }))
    }

    fn expect(&mut self, wanted: u8) -> Result<(), ParseJsonError> {
        if self.peek() == Some(wanted) {
            self.step();
            return Ok(());
        }
        self.unexpected()
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, ParseJsonError> {
        for byte in word.bytes() {
            self.expect(byte)?;
        }
        Ok(value)
    }

    fn value(&mut self, depth: usize) -> Result<Node, ParseJsonError> {
        let (start, from) = (self.position(), self.at);
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Json::Text(self.string()?),
            Some(b't') => self.word("true", Json::Bool(true))?,
            Some(b'f') => self.word("false", Json::Bool(false))?,
            Some(b'n') => self.word("null", Json::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => return self.unexpected(),
        };
        let end = Position {
            line: self.line,
            column: self.column.saturating_sub(1),
        };
        Ok(Node {
            value,
            start,
            end,
            span: from..self.at,
        })
    }

    fn enter(&mut self, depth: usize) -> Result<(), ParseJsonError> {
        if depth >= self.max_depth {
            return Err(self.error(Problem::Depth));
        }
        self.step();
        self.space();
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<Json, ParseJsonError> {
        self.enter(depth)?;
        let mut elements = Vec::new();
        if self.peek() == Some(b']') {
            self.step();
            return Ok(Json::Array(elements));
        }
        loop {
            self.space();
            elements.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.step(),
                _ => {
                    self.expect(b']')?;
                    return Ok(Json::Array(elements));
                }
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, ParseJsonError> {
        self.enter(depth)?;
        let mut members: Vec<Member> = Vec::new();
        let mut names = std::collections::HashSet::new();
        if self.peek() == Some(b'}') {
            self.step();
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let at = self.position();
            let name = self.string()?;
            // Most objects have few names; a set is worth building only where there are many.
            let seen = if members.len() < 16 {
                members.iter().any(|member| member.name == name)
            } else {
                if names.is_empty() {
                    names.extend(members.iter().map(|member| member.name.clone()));
                }
                !names.insert(name.clone())
            };
            if seen {
                return Err(ParseJsonError {
                    problem: Problem::DuplicateName,
                    position: at,
                });
            }
            self.space();
            self.expect(b':')?;
            self.space();
            let node = self.value(depth + 1)?;
            members.push(Member { name, at, node });
            self.space();
            match self.peek() {
                Some(b',') => self.step(),
                _ => {
                    self.expect(b'}')?;
                    return Ok(Json::Object(members));
                }
            }
        }
    }

    fn number(&mut self) -> Result<Json, ParseJsonError> {
        let from = self.at;
        let digits = |reader: &mut Self| {
            let first = reader.at;
            while matches!(reader.peek(), Some(b'0'..=b'9')) {
                reader.step();
            }
            reader.at - first
        };
        if self.peek() == Some(b'-') {
            self.step();
        }
        let leading_zero = self.peek() == Some(b'0');
        let whole = digits(self);
        if whole == 0 || (leading_zero && whole > 1) {
            return Err(self.error(Problem::Number));
        }
        if self.peek() == Some(b'.') {
            self.step();
            if digits(self) == 0 {
                return Err(self.error(Problem::Number));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.step();
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.step();
            }
            if digits(self) == 0 {
                return Err(self.error(Problem::Number));
            }
        }
        Ok(Json::Number(
            self.text.get(from..self.at).unwrap_or_default().into(),
        ))
    }

    fn string(&mut self) -> Result<Box<str>, ParseJsonError> {
        self.expect(b'"')?;
        let mut text = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest
                .find(|c: char| c == '"' || c == '\\' || c < ' ')
                .ok_or_else(|| self.error(Problem::End))?;
            let run = rest.get(..plain).unwrap_or_default();
            text.push_str(run);
            self.at += plain;
            let width = run.chars().count();
            self.column = self
                .column
                .saturating_add(u32::try_from(width).unwrap_or(u32::MAX));
            match self.peek() {
                Some(b'"') => {
                    self.step();
                    return Ok(text.into());
                }
                Some(b'\\') => {
                    self.step();
                    text.push(self.escape()?);
                }
                _ => return Err(self.error(Problem::Control)),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ParseJsonError> {
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.step();
                return self.unicode();
            }
            Some(_) => return Err(self.error(Problem::Escape)),
            None => return Err(self.error(Problem::End)),
        };
        self.step();
        Ok(c)
    }

    fn unicode(&mut self) -> Result<char, ParseJsonError> {
        let first = self.hex()?;
        let code = match first {
            0xd800..=0xdbff => {
                if self.peek() != Some(b'\\') {
                    return Err(self.error(Problem::Escape));
                }
                self.step();
                if self.peek() != Some(b'u') {
                    return Err(self.error(Problem::Escape));
                }
                self.step();
                let second = self.hex()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(self.error(Problem::Escape));
                }
                0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            _ => first,
        };
        char::from_u32(code).ok_or_else(|| self.error(Problem::Escape))
    }

    fn hex(&mut self) -> Result<u32, ParseJsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|b| char::from(b).to_digit(16)) else {
                return Err(self.error(Problem::Escape));
            };
            code = code * 16 + digit;
            self.step();
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Option<Problem> {
        parse(text, MAX_DEPTH).err().map(|error| error.problem())
    }

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let node = parse("{\n  \"é\": [1,\n {} ] }", MAX_DEPTH).expect("JSON");
        assert_eq!((node.start.line, node.start.column), (1, 1));
        assert_eq!((node.end.line, node.end.column), (3, 7));
        let list = &node.as_object().expect("object")[0].node;
        assert_eq!((list.start.line, list.start.column), (2, 8));
        let inner = &list.one_or_many()[1];
        assert_eq!((inner.start.line, inner.start.column), (3, 2));
        assert_eq!((inner.end.line, inner.end.column), (3, 3));
    }

    #[test]
    fn ac_16_what_two_readers_could_read_differently_is_refused() {
        for (text, expected) in [
            ("\u{feff}{}", Problem::ByteOrderMark),
            (r#"{"a":1,"a":2}"#, Problem::DuplicateName),
            (r#"{"a":1,"\u0061":2}"#, Problem::DuplicateName),
            (r#""\ud800""#, Problem::Escape),
            (r#""\udc00""#, Problem::Escape),
            (r#""\ud800\u0041""#, Problem::Escape),
            (r#""\x""#, Problem::Escape),
            ("\"\u{1}\"", Problem::Control),
            ("NaN", Problem::Unexpected),
            ("-Infinity", Problem::Number),
            ("01", Problem::Number),
            ("1.", Problem::Number),
            ("1e", Problem::Number),
            ("{} {}", Problem::Trailing),
            ("{'a':1}", Problem::Unexpected),
            ("[1,]", Problem::Unexpected),
            ("{\"a\":1,}", Problem::Unexpected),
            ("", Problem::End),
            ("[", Problem::End),
            ("\"a", Problem::End),
            ("nul", Problem::End),
            ("/* */{}", Problem::Unexpected),
        ] {
            assert_eq!(problem(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn ac_16_depth_is_bounded_and_the_stack_is_safe() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert_eq!(problem(&deep(64)), None);
        assert_eq!(problem(&deep(65)), Some(Problem::Depth));
        assert_eq!(problem(&deep(100_000)), Some(Problem::Depth));
        assert_eq!(problem(&"{\"a\":".repeat(100_000)), Some(Problem::Depth));
    }

    #[test]
    fn duplicates_are_seen_among_many_names_too() {
        let names: Vec<String> = (0..100).map(|n| format!("\"k{n}\":1")).collect();
        assert_eq!(problem(&format!("{{{}}}", names.join(","))), None);
        for twice in [0, 15, 16, 17, 99] {
            let text = format!("{{{},\"k{twice}\":2}}", names.join(","));
            assert_eq!(problem(&text), Some(Problem::DuplicateName), "{twice}");
        }
    }

    #[test]
    fn strings_and_numbers_keep_what_was_written() {
        let node = parse(r#"["\u00e9\ud83d\ude00\n", 1e400, -0.10]"#, MAX_DEPTH).expect("JSON");
        let values: Vec<&Json> = node.one_or_many().iter().map(|n| &n.value).collect();
        assert_eq!(values[0], &Json::Text("é😀\n".into()));
        assert_eq!(values[1], &Json::Number("1e400".into()));
        assert_eq!(values[2], &Json::Number("-0.10".into()));
    }
}
