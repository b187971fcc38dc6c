//! Files that hold a migration and its undoing: what undoes is passed over, line by line.
//!
//! dbmate writes `-- migrate:up` and `-- migrate:down`, goose `-- +goose Up` and `-- +goose Down`,
//! sql-migrate `-- +migrate Up` and `-- +migrate Down`. Lines are emptied and not taken out, so that what
//! follows keeps its place.

use std::io;
use std::io::BufRead;
use std::io::Read;

/// What begins the half that undoes, and the half that does, in lower case.
const MARKS: [(&str, &str); 3] = [
    ("-- migrate:down", "-- migrate:up"),
    ("-- +goose down", "-- +goose up"),
    ("-- +migrate down", "-- +migrate up"),
];

/// The longest line that is looked at. A mark is short; rows of data are not.
const MARK_BYTES_MAX: usize = 200;

/// Reads lines, those of the undoing half as empty ones.
pub(super) struct UpOnly<R> {
    inner: R,
    /// What is handed out, as far as it is not taken yet.
    line: Vec<u8>,
    taken: usize,
    /// The last read did not end with its line.
    inside_of_line: bool,
    undoing: bool,
}

/// How much of one line is held at a time.
const CHUNK_BYTES: u64 = 64 * 1024;

impl<R: BufRead> UpOnly<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, line: Vec::new(), taken: 0, inside_of_line: false, undoing: false }
    }

    /// Reads on: a line, or a part of a long one.
    fn advance(&mut self) -> io::Result<()> {
        self.line.clear();
        self.taken = 0;
        let begins = !self.inside_of_line;
        self.inner.by_ref().take(CHUNK_BYTES).read_until(b'\n', &mut self.line)?;
        self.inside_of_line = !self.line.is_empty() && !self.line.ends_with(b"\n");
        if begins && self.line.len() <= MARK_BYTES_MAX {
            let lower = String::from_utf8_lossy(&self.line).trim().to_ascii_lowercase();
            let is = |mark: &str| {
                lower
                    .strip_prefix(mark)
                    .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
            };
            if MARKS.iter().any(|(down, _)| is(down)) {
                self.undoing = true;
            } else if MARKS.iter().any(|(_, up)| is(up)) {
                self.undoing = false;
            }
        }
        if self.undoing {
            let ends = self.line.ends_with(b"\n");
            // An empty part would read as the end of the file.
            let keep: &[u8] = if ends { b"\n" } else { b" " };
            if !self.line.is_empty() {
                self.line = keep.to_vec();
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Read for UpOnly<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let there = self.fill_buf()?;
        let many = there.len().min(into.len());
        into[..many].copy_from_slice(&there[..many]);
        self.consume(many);
        Ok(many)
    }
}

impl<R: BufRead> BufRead for UpOnly<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken >= self.line.len() {
            self.advance()?;
        }
        Ok(&self.line[self.taken..])
    }

    fn consume(&mut self, many: usize) {
        self.taken = (self.taken + many).min(self.line.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_that_undoes_is_empty_lines() {
        let long = format!("insert into a values ('{}');\n", "x".repeat(200_000));
        for (text, want) in [
            ("create table a ();\n-- x\n", "create table a ();\n-- x\n".to_owned()),
            (
                "-- migrate:up transaction:false\na;\n-- migrate:down\nb;\nc",
                "-- migrate:up transaction:false\na;\n\n\n ".to_owned(),
            ),
            (
                "-- +goose Up\na;\n-- +goose Down\nb;\n-- +goose Up\nc;\n",
                "-- +goose Up\na;\n\n\n-- +goose Up\nc;\n".to_owned(),
            ),
            ("-- +migrate Down\nb;\n", "\n\n".to_owned()),
            ("-- migrate:downstream\nb;\n", "-- migrate:downstream\nb;\n".to_owned()),
            (&long, long.clone()),
        ] {
            let mut read = String::new();
            UpOnly::new(text.as_bytes()).read_to_string(&mut read).expect("it is UTF-8");
            assert_eq!(read, want);
        }
    }
}
