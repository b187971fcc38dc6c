//! Splits a file into statements while it is read, as psql does (`src/fe_utils/psqlscan.l`): quotes of
//! every kind, comments that nest, dollar quotes, bodies in `begin atomic`. The data of `copy … from
//! stdin` and lines for psql itself are passed over; nothing of them is kept, however long they are.

use std::io;
use std::io::BufRead;

use crate::yaml::Position;

/// A statement longer than this is not read.
const STATEMENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What is kept of a statement that only brings rows.
const ROWS_BYTES_MAX: usize = 64 * 1024;

/// What is found in a file, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Statement(Piece),
    /// A line for psql: its first word, with the backslash, and what follows.
    ForPsql {
        word: String,
        rest: String,
        at: Position,
    },
    /// Bytes that are not UTF-8, in a statement that was left out.
    NotUtf8 {
        at: Position,
    },
    /// A byte of value zero.
    Nul {
        at: Position,
    },
    /// The file ends inside of something.
    EndsInside {
        what: &'static str,
        at: Position,
    },
}

/// A statement without its semicolon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    /// Where its first word stands.
    pub(super) at: Position,
    /// A semicolon ended it, not the end of the file.
    pub(super) ended: bool,
    /// It was too long, and its end is missing.
    pub(super) cut: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Inside {
    Nothing,
    Comment { depth: usize },
    Text { escapes: bool },
    Quotes,
    Dollars { tag: Vec<u8> },
    Copy,
}

struct Splitter<'a> {
    found: &'a mut dyn FnMut(Found),
    inside: Inside,
    /// Where what we are inside of began.
    inside_at: Position,
    kept: Vec<u8>,
    at: Position,
    cut: bool,
    line: u32,
    parentheses: usize,
    /// Parentheses that are open, of any statement.
    depth: usize,
    /// `begin` and `case` in the body of a routine that are open.
    begins: usize,
    /// The first words of the statement, in lower case.
    words: Vec<Vec<u8>>,
    /// `pg_dump`'s first and last comment.
    dump: Option<Position>,
}

/// Reads `reader` to its end and hands over what it finds.
pub(super) fn split(mut reader: impl BufRead, found: &mut dyn FnMut(Found)) -> io::Result<()> {
    let start = Position { line: 1, column: 1 };
    let mut splitter = Splitter {
        found,
        inside: Inside::Nothing,
        inside_at: start,
        kept: Vec::new(),
        at: start,
        cut: false,
        line: 0,
        parentheses: 0,
        depth: 0,
        begins: 0,
        words: Vec::new(),
        dump: None,
    };
    let mut line = Vec::new();
    while read_line(&mut reader, &mut line, splitter.inside == Inside::Copy)? {
        splitter.line += 1;
        let text = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| splitter.line == 1);
        splitter.feed(text.unwrap_or(&line));
    }
    splitter.end();
    Ok(())
}

/// Reads one line; of a line of data no more than says whether it ends the data.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>, data: bool) -> io::Result<bool> {
    let room = if data { 4 } else { STATEMENT_BYTES_MAX };
    line.clear();
    let mut any = false;
    loop {
        let buffer = match reader.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            return Ok(any);
        }
        any = true;
        let newline = buffer.iter().position(|it| *it == b'\n');
        let taken = newline.map_or(buffer.len(), |at| at + 1);
        let keep = taken.min(room.saturating_sub(line.len()));
        line.extend_from_slice(&buffer[..keep]);
        reader.consume(taken);
        if newline.is_some() {
            return Ok(true);
        }
    }
}

impl Splitter<'_> {
    fn feed(&mut self, line: &[u8]) {
        if self.inside == Inside::Copy {
            if line.trim_ascii_end() == b"\\." {
                self.inside = Inside::Nothing;
            }
            return;
        }
        let mut at = 0;
        while at < line.len() {
            at += self.step(line, at);
        }
    }

    /// Takes what stands at `at`; returns how many bytes that is.
    fn step(&mut self, line: &[u8], at: usize) -> usize {
        let rest = &line[at..];
        let taken = match &mut self.inside {
            Inside::Nothing => return self.outside(line, at),
            Inside::Copy => return rest.len(),
            Inside::Comment { depth } if rest.starts_with(b"/*") => {
                *depth += 1;
                2
            }
            Inside::Comment { depth } if rest.starts_with(b"*/") => {
                *depth -= 1;
                if *depth == 0 {
                    self.inside = Inside::Nothing;
                }
                2
            }
            Inside::Comment { .. } => 1,
            Inside::Text { escapes: true } if rest[0] == b'\\' => rest.len().min(2),
            Inside::Text { .. } if rest.starts_with(b"''") => 2,
            Inside::Quotes if rest.starts_with(b"\"\"") => 2,
            Inside::Text { .. } if rest[0] == b'\'' => {
                self.inside = Inside::Nothing;
                1
            }
            Inside::Quotes if rest[0] == b'"' => {
                self.inside = Inside::Nothing;
                1
            }
            Inside::Text { .. } => {
                rest.iter().position(|it| b"'\\".contains(it)).unwrap_or(rest.len()).max(1)
            }
            Inside::Quotes => rest.iter().position(|it| *it == b'"').unwrap_or(rest.len()),
            Inside::Dollars { tag } => {
                let length = tag.len();
                match rest.windows(length).position(|it| it == tag) {
                    Some(end) => {
                        self.inside = Inside::Nothing;
                        end + length
                    }
                    None => rest.len(),
                }
            }
        };
        self.keep(&rest[..taken]);
        taken
    }

    fn outside(&mut self, line: &[u8], at: usize) -> usize {
        let rest = &line[at..];
        let first = rest[0];
        if self.kept.is_empty() && first.is_ascii_whitespace() {
            return 1;
        }
        if rest.starts_with(b"--") {
            // A carriage return ends it, too (`scan.l`).
            let end = rest.iter().position(|it| *it == b'\r').unwrap_or(rest.len());
            self.comment(rest, at);
            self.keep(&rest[..end]);
            return end.max(1);
        }
        if rest.starts_with(b"/*") {
            self.enter(Inside::Comment { depth: 1 }, line, at);
            self.keep(&rest[..2]);
            return 2;
        }
        if self.kept.is_empty() {
            self.at = self.position(line, at);
            if first == b'\\' {
                self.for_psql(rest);
                return rest.len();
            }
        }
        let taken = match first {
            // What stands behind it is for psql, which sends what came before (`\g`, `\gexec`).
            b'\\' => {
                self.emit(true);
                self.at = self.position(line, at);
                self.for_psql(rest);
                return rest.len();
            }
            b';' if self.parentheses == 0 && self.begins == 0 => {
                self.emit(true);
                return 1;
            }
            b'\'' => {
                let escapes = matches!(at.checked_sub(1).map(|it| line[it]), Some(b'e' | b'E'))
                    && (at < 2 || !is_word(line[at - 2]));
                self.enter(Inside::Text { escapes }, line, at);
                1
            }
            b'"' => {
                self.enter(Inside::Quotes, line, at);
                1
            }
            b'$' => match dollar_tag(rest) {
                Some(tag) => {
                    let length = tag.len();
                    self.enter(Inside::Dollars { tag: tag.to_vec() }, line, at);
                    length
                }
                None => 1,
            },
            b'(' | b')' => {
                self.parenthesis(first);
                1
            }
            _ if is_word(first) => {
                let end = rest.iter().position(|it| !is_word(*it) && *it != b'$');
                let word = &rest[..end.unwrap_or(rest.len())];
                self.word(&word.to_ascii_lowercase());
                word.len()
            }
            _ => 1,
        };
        let piece = &rest[..taken];
        if self.kept.is_empty() {
            self.kept.extend_from_slice(piece);
        } else {
            self.keep(piece);
        }
        taken
    }

    fn enter(&mut self, inside: Inside, line: &[u8], at: usize) {
        self.inside_at = self.position(line, at);
        self.inside = inside;
    }

    fn position(&self, line: &[u8], at: usize) -> Position {
        let before = String::from_utf8_lossy(&line[..at]).chars().count();
        Position { line: self.line, column: u32::try_from(before + 1).unwrap_or(u32::MAX) }
    }

    /// Only of a statement that began: what stands before is of no interest.
    fn keep(&mut self, bytes: &[u8]) {
        if self.kept.is_empty() {
            return;
        }
        let rows = self.words.first().is_some_and(|it| it == b"insert");
        let room = if rows { ROWS_BYTES_MAX } else { STATEMENT_BYTES_MAX };
        if self.kept.len() + bytes.len() > room {
            self.cut = true;
        } else {
            self.kept.extend_from_slice(bytes);
        }
    }

    fn comment(&mut self, comment: &[u8], at: usize) {
        match comment.trim_ascii_end() {
            b"-- PostgreSQL database dump" => {
                self.dump = Some(self.position(comment, at.min(comment.len())));
            }
            b"-- PostgreSQL database dump complete" => self.dump = None,
            _ => {}
        }
    }

    fn for_psql(&mut self, line: &[u8]) {
        let word = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        let rest = String::from_utf8_lossy(&line[word.len()..]).trim().to_owned();
        let word = String::from_utf8_lossy(word).into_owned();
        let at = self.at;
        (self.found)(Found::ForPsql { word, rest, at });
    }

    /// Semicolons in the parentheses of a rule end nothing.
    fn parenthesis(&mut self, which: u8) {
        self.depth = match which {
            b'(' => self.depth + 1,
            _ => self.depth.saturating_sub(1),
        };
        let rule = self.words.iter().any(|it| it == b"rule");
        if !rule {
            return;
        }
        self.parentheses = match which {
            b'(' => self.parentheses + 1,
            _ => self.parentheses.saturating_sub(1),
        };
    }

    fn word(&mut self, word: &[u8]) {
        if self.words.len() < 4 {
            self.words.push(word.to_vec());
        }
        let routine = self.words.first().is_some_and(|it| it == b"create")
            && self.words.iter().any(|it| it == b"function" || it == b"procedure");
        if !routine {
            return;
        }
        match word {
            // An argument may have that name.
            b"begin" if self.depth == 0 => self.begins += 1,
            b"case" if self.begins > 0 => self.begins += 1,
            b"end" => self.begins = self.begins.saturating_sub(1),
            _ => {}
        }
    }

    fn emit(&mut self, ended: bool) {
        let bytes = std::mem::take(&mut self.kept);
        let (at, cut) = (self.at, std::mem::take(&mut self.cut));
        let words = std::mem::take(&mut self.words);
        self.parentheses = 0;
        self.depth = 0;
        self.begins = 0;
        if bytes.is_empty() {
            return;
        }
        let found = match String::from_utf8(bytes) {
            Ok(text) if text.contains('\0') => {
                let before = text.split('\0').next().unwrap_or_default();
                Found::Nul { at: within(at, before) }
            }
            Ok(text) => Found::Statement(Piece { text, at, ended, cut }),
            // The last character may have been cut in two.
            Err(error) if cut => {
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                Found::Statement(Piece { text, at, ended, cut })
            }
            Err(error) => {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                Found::NotUtf8 { at: within(at, &String::from_utf8_lossy(valid)) }
            }
        };
        if words.first().is_some_and(|it| it == b"copy")
            && let Found::Statement(piece) = &found
            && reads_stdin(&piece.text)
        {
            self.inside = Inside::Copy;
            self.inside_at = at;
        }
        (self.found)(found);
    }

    fn end(&mut self) {
        let what = match &self.inside {
            Inside::Nothing => None,
            Inside::Comment { .. } => Some("a comment"),
            Inside::Text { .. } => Some("a string"),
            Inside::Quotes => Some("a quoted name"),
            Inside::Dollars { .. } => Some("a dollar-quoted string"),
            Inside::Copy => Some("the data of `copy … from stdin`"),
        };
        if let Some(what) = what {
            let at = self.inside_at;
            (self.found)(Found::EndsInside { what, at });
            return;
        }
        self.emit(false);
        if let Some(at) = self.dump {
            let what =
                "a dump: pg_dump's last line, `PostgreSQL database dump complete`, is missing";
            (self.found)(Found::EndsInside { what, at });
        }
    }
}

/// The position behind `text` that begins at `start`.
pub(super) fn within(start: Position, text: &str) -> Position {
    let lines = text.matches('\n').count();
    let last = text.rsplit('\n').next().unwrap_or_default().chars().count();
    let column = if lines == 0 { start.column as usize + last } else { last + 1 };
    Position {
        line: start.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX)),
        column: u32::try_from(column).unwrap_or(u32::MAX),
    }
}

fn reads_stdin(copy: &str) -> bool {
    let lower = copy.to_ascii_lowercase();
    let mut words = lower.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    words.any(|it| it == "from") && words.find(|it| !it.is_empty()) == Some("stdin")
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// `$$` or `$tag$` at the beginning of `text`.
fn dollar_tag(text: &[u8]) -> Option<&[u8]> {
    let end = text[1..].iter().position(|it| *it == b'$')? + 1;
    let tag = &text[1..end];
    let valid = tag.iter().all(|it| is_word(*it)) && !tag.first().is_some_and(u8::is_ascii_digit);
    valid.then_some(&text[..=end])
}
