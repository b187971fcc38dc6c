//! Attributes, their arguments, and values.

use crate::prisma::ast::Argument;
use crate::prisma::ast::Attribute;
use crate::prisma::ast::Expression;
use crate::prisma::ast::Value;
use crate::prisma::ast::Word;
use crate::prisma::cursor::Cursor;
use crate::prisma::cursor::Unreadable;
use crate::prisma::token::Kind;

/// How deep lists and functions may stand in each other. Prisma needs four levels; a limit keeps a
/// hostile file from exhausting the stack.
const DEPTH_MAX: usize = 32;

/// What follows `@` or `@@`.
pub(super) fn attribute(cursor: &mut Cursor<'_, '_>) -> Result<Attribute, Unreadable> {
    let Some(word) = cursor.word() else {
        return cursor.fail("expected the name of an attribute");
    };
    let name = path(cursor, word)?;
    let arguments = if cursor.eat('(') { arguments(cursor, 0)? } else { Vec::new() };
    Ok(Attribute { name, arguments })
}

/// A word and the words that follow it after dots.
fn path(cursor: &mut Cursor<'_, '_>, mut word: Word) -> Result<Word, Unreadable> {
    while cursor.eat('.') {
        let Some(next) = cursor.word() else { return cursor.fail("expected a name after `.`") };
        word.text.push('.');
        word.text.push_str(&next.text);
        word.span.chars += 1 + next.span.chars;
    }
    Ok(word)
}

/// Arguments after `(`, with the `)`.
fn arguments(cursor: &mut Cursor<'_, '_>, depth: usize) -> Result<Vec<Argument>, Unreadable> {
    separated(cursor, ')', |cursor| {
        let is_named =
            matches!(cursor.peek(), Kind::Word(_)) && *cursor.peek_at(1) == Kind::Sign(':');
        let name = if is_named { cursor.word() } else { None };
        if name.is_some() {
            cursor.advance();
        }
        Ok(Argument { name, value: expression(cursor, depth + 1)? })
    })
}

/// Items separated by commas up to `close`, in one line. A comma may follow the last one.
fn separated<'a, 'b, T>(
    cursor: &mut Cursor<'a, 'b>,
    close: char,
    mut item: impl FnMut(&mut Cursor<'a, 'b>) -> Result<T, Unreadable>,
) -> Result<Vec<T>, Unreadable> {
    let mut items = Vec::new();
    loop {
        if cursor.eat(close) {
            return Ok(items);
        }
        items.push(item(cursor)?);
        if !cursor.eat(',') && !cursor.is(close) {
            return cursor.fail(format!("expected `,` or `{close}`"));
        }
    }
}

/// A value.
pub(super) fn expression(
    cursor: &mut Cursor<'_, '_>,
    depth: usize,
) -> Result<Expression, Unreadable> {
    if depth > DEPTH_MAX {
        return cursor.fail(format!("brackets stand in each other more than {DEPTH_MAX} deep"));
    }
    let span = cursor.span();
    let kind = cursor.peek().clone();
    match kind {
        Kind::Text(text) => {
            cursor.advance();
            Ok(Expression { value: Value::Text(text), span })
        }
        Kind::Number(digits) => {
            cursor.advance();
            Ok(Expression { value: Value::Number(digits), span })
        }
        Kind::Word(text) => {
            cursor.advance();
            let name = path(cursor, Word { text, span })?;
            let value = if cursor.eat('(') {
                Value::Function(name.text, arguments(cursor, depth)?)
            } else {
                Value::Constant(name.text)
            };
            Ok(Expression { value, span: name.span })
        }
        Kind::Sign('[') => {
            cursor.advance();
            let items = separated(cursor, ']', |cursor| expression(cursor, depth + 1))?;
            Ok(Expression { value: Value::List(items), span })
        }
        Kind::Sign('{') => {
            cursor.advance();
            let entries = separated(cursor, '}', |cursor| {
                let key = cursor.name("a field")?;
                if !cursor.eat(':') {
                    return cursor.fail("expected `:`");
                }
                Ok((key, expression(cursor, depth + 1)?))
            })?;
            Ok(Expression { value: Value::Object(entries), span })
        }
        _ => cursor.fail("expected a value"),
    }
}
