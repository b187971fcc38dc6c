//! A place among the tokens of one file, and the small steps of reading them.

use super::ast::Word;
use super::mistakes::Mistakes;
use super::mistakes::Span;
use super::token::Kind;
use super::token::Token;

/// Reads tokens one after another.
#[derive(Debug)]
pub(super) struct Cursor<'a, 'b> {
    tokens: Vec<Token>,
    at: usize,
    pub(super) mistakes: &'b mut Mistakes<'a>,
}

/// Something could not be read, and that was said.
#[derive(Debug)]
pub(super) struct Unreadable;

impl<'a, 'b> Cursor<'a, 'b> {
    /// `tokens` ends with [`Kind::EndOfFile`].
    pub(super) fn new(tokens: Vec<Token>, mistakes: &'b mut Mistakes<'a>) -> Self {
        Self { tokens, at: 0, mistakes }
    }

    /// The token at `ahead` tokens from here; the end of the file beyond it.
    fn token(&self, ahead: usize) -> &Token {
        &self.tokens[(self.at + ahead).min(self.tokens.len() - 1)]
    }

    pub(super) fn peek(&self) -> &Kind {
        &self.token(0).kind
    }

    pub(super) fn peek_at(&self, ahead: usize) -> &Kind {
        &self.token(ahead).kind
    }

    pub(super) fn span(&self) -> Span {
        self.token(0).span
    }

    pub(super) fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    pub(super) fn is(&self, sign: char) -> bool {
        *self.peek() == Kind::Sign(sign)
    }

    pub(super) fn eat(&mut self, sign: char) -> bool {
        let found = self.is(sign);
        if found {
            self.advance();
        }
        found
    }

    /// A word, if one is next.
    pub(super) fn word(&mut self) -> Option<Word> {
        let Kind::Word(text) = self.peek() else { return None };
        let word = Word { text: text.clone(), span: self.span() };
        self.advance();
        Some(word)
    }

    /// A name of something that the schema declares.
    pub(super) fn name(&mut self, of: &str) -> Result<Word, Unreadable> {
        let Some(word) = self.word() else {
            return self.fail(format!("the name of {of} is missing here"));
        };
        if !word.text.starts_with(|it: char| it.is_ascii_alphabetic()) {
            self.mistakes.error(word.span, "a name begins with a letter");
        }
        Ok(word)
    }

    /// An error at the next token.
    pub(super) fn fail<T>(&mut self, message: impl Into<String>) -> Result<T, Unreadable> {
        let span = self.span();
        self.mistakes.error(span, message);
        Err(Unreadable)
    }

    pub(super) fn skip_ends_of_lines(&mut self) {
        while *self.peek() == Kind::EndOfLine {
            self.advance();
        }
    }

    /// Goes to the end of the line, for after a mistake.
    pub(super) fn skip_line(&mut self) {
        while !matches!(self.peek(), Kind::EndOfLine | Kind::EndOfFile) {
            self.advance();
        }
    }

    /// Wants the line to end here.
    pub(super) fn end_line(&mut self, wanted: &str) -> Result<(), Unreadable> {
        if matches!(self.peek(), Kind::EndOfLine | Kind::EndOfFile) {
            return Ok(());
        }
        let failed = self.fail(format!("expected {wanted} or the end of the line"));
        self.skip_line();
        failed
    }
}
