//! Reads the blocks of a schema: `datasource`, `generator`, `model`, `view`, `enum`, `type`.
//!
//! After a mistake it goes on with the next line, so that one reading tells all mistakes. Whatever was
//! left out leaves its block `broken`, so that later steps do not take it for absent.

mod block;
mod expression;

use super::ast::Config;
use super::ast::Document;
use super::ast::Enum;
use super::ast::Model;
use super::ast::ModelKind;
use super::ast::Word;
use super::cursor::Cursor;
use super::cursor::Unreadable;
use super::mistakes::Mistakes;
use super::source::Source;
use super::token;
use super::token::Kind;

/// Words that open a block.
const KEYWORDS: [&str; 6] = ["datasource", "generator", "model", "view", "enum", "type"];

/// Reads all files.
pub(super) fn parse(sources: &[Source], mistakes: &mut Mistakes<'_>) -> Document {
    let mut document = Document::default();
    for (file, source) in sources.iter().enumerate() {
        let tokens = token::tokens(file, &source.text, mistakes);
        let mut cursor = Cursor::new(tokens, mistakes);
        loop {
            cursor.skip_ends_of_lines();
            if *cursor.peek() == Kind::EndOfFile {
                break;
            }
            // What failed was said; what was skipped ends at a line or at the next block.
            let _ = top(&mut cursor, &mut document);
        }
    }
    document
}

/// One block.
fn top(cursor: &mut Cursor<'_, '_>, document: &mut Document) -> Result<(), Unreadable> {
    let Some(keyword) = cursor.word() else {
        let failed = cursor.fail("expected a block, such as `model User {`");
        cursor.skip_line();
        return failed;
    };
    if !KEYWORDS.contains(&&*keyword.text) {
        let is_block = matches!(cursor.peek(), Kind::Word(_)) || cursor.is('{');
        let message =
            if is_block { "no block begins with this word" } else { "this is not part of a block" };
        cursor.mistakes.unknown(keyword.span, message, &keyword.text, KEYWORDS);
        cursor.skip_line();
        if is_block {
            block::skip(cursor);
        }
        return Err(Unreadable);
    }
    let Ok(name) = open(cursor, &keyword) else {
        cursor.skip_line();
        block::skip(cursor);
        return Err(Unreadable);
    };
    match &*keyword.text {
        "datasource" | "generator" => {
            let (entries, broken) = block::entries(cursor, &keyword, &name);
            let config = Config { name, entries, broken };
            let is_datasource = keyword.text == "datasource";
            let list =
                if is_datasource { &mut document.datasources } else { &mut document.generators };
            list.push(config);
        }
        "enum" => {
            let (values, attributes, broken) = block::values(cursor, &keyword, &name);
            document.enums.push(Enum { name, values, attributes, broken });
        }
        other => {
            let kind = match other {
                "view" => ModelKind::View,
                "type" => ModelKind::Type,
                _ => ModelKind::Model,
            };
            let (fields, attributes, broken) = block::fields(cursor, &keyword, &name);
            document.models.push(Model { kind, name, fields, attributes, broken });
        }
    }
    Ok(())
}

/// The name and the opening brace of a block.
fn open(cursor: &mut Cursor<'_, '_>, keyword: &Word) -> Result<Word, Unreadable> {
    let name = cursor.name(&format!("this {}", keyword.text))?;
    if cursor.is('=') {
        return cursor.fail("type aliases are not part of Prisma's language any more");
    }
    let mut ahead = 0;
    while *cursor.peek_at(ahead) == Kind::EndOfLine {
        ahead += 1;
    }
    if *cursor.peek_at(ahead) != Kind::Sign('{') {
        return cursor.fail("expected `{`");
    }
    cursor.skip_ends_of_lines();
    cursor.advance();
    if *cursor.peek() != Kind::EndOfLine {
        return cursor.fail("what is in a block begins on a line of its own");
    }
    Ok(name)
}
