//! What stands between the braces of a block, line by line.

use crate::prisma::ast::Arity;
use crate::prisma::ast::Attribute;
use crate::prisma::ast::EnumValue;
use crate::prisma::ast::Expression;
use crate::prisma::ast::Field;
use crate::prisma::ast::FieldType;
use crate::prisma::ast::Word;
use crate::prisma::cursor::Cursor;
use crate::prisma::cursor::Unreadable;
use crate::prisma::token::Kind;

use super::KEYWORDS;
use super::expression;

/// Fields and attributes of a model.
pub(super) fn fields(
    cursor: &mut Cursor<'_, '_>,
    keyword: &Word,
    name: &Word,
) -> (Vec<Field>, Vec<Attribute>, bool) {
    let mut fields = Vec::new();
    let mut attributes = Vec::new();
    let broken = lines(cursor, keyword, name, |cursor| {
        if *cursor.peek() == Kind::DoubleAt {
            attributes.push(block_attribute(cursor)?);
            return Ok(());
        }
        let (field, whole) = field(cursor)?;
        fields.push(field);
        whole
    });
    (fields, attributes, broken)
}

/// Values and attributes of an enum.
pub(super) fn values(
    cursor: &mut Cursor<'_, '_>,
    keyword: &Word,
    name: &Word,
) -> (Vec<EnumValue>, Vec<Attribute>, bool) {
    let mut values = Vec::new();
    let mut attributes = Vec::new();
    let broken = lines(cursor, keyword, name, |cursor| {
        if *cursor.peek() == Kind::DoubleAt {
            attributes.push(block_attribute(cursor)?);
            return Ok(());
        }
        let name = cursor.name("a value of this enum")?;
        let (attributes, read) = field_attributes(cursor);
        values.push(EnumValue { name, attributes });
        read?;
        cursor.end_line("an attribute")
    });
    (values, attributes, broken)
}

/// Keys and values of a `datasource` or `generator`.
pub(super) fn entries(
    cursor: &mut Cursor<'_, '_>,
    keyword: &Word,
    name: &Word,
) -> (Vec<(Word, Expression)>, bool) {
    let mut entries = Vec::new();
    let broken = lines(cursor, keyword, name, |cursor| {
        let key = cursor.name("a key")?;
        if !cursor.eat('=') {
            return cursor.fail("expected `=`");
        }
        let value = expression::expression(cursor, 0)?;
        entries.push((key, value));
        cursor.end_line("nothing more")
    });
    (entries, broken)
}

/// Reads lines up to the closing brace. Returns whether something could not be read.
fn lines(
    cursor: &mut Cursor<'_, '_>,
    keyword: &Word,
    name: &Word,
    mut line: impl FnMut(&mut Cursor<'_, '_>) -> Result<(), Unreadable>,
) -> bool {
    let mut broken = false;
    loop {
        cursor.skip_ends_of_lines();
        if cursor.eat('}') {
            broken |= cursor.end_line("nothing more").is_err();
            return broken;
        }
        if *cursor.peek() == Kind::EndOfFile || begins_a_block(cursor) {
            let message =
                format!("{} `{}` is opened here and never closed", keyword.text, name.text);
            cursor.mistakes.error_with_help(keyword.span, message, "a block ends with `}`");
            return true;
        }
        if line(cursor).is_err() {
            broken = true;
            cursor.skip_line();
        }
    }
}

/// Whether a line such as `model User {` is next. No field looks so.
fn begins_a_block(cursor: &Cursor<'_, '_>) -> bool {
    let Kind::Word(keyword) = cursor.peek() else { return false };
    KEYWORDS.contains(&&**keyword)
        && matches!(cursor.peek_at(1), Kind::Word(_))
        && *cursor.peek_at(2) == Kind::Sign('{')
}

/// Goes past a block that is not understood.
pub(super) fn skip(cursor: &mut Cursor<'_, '_>) {
    loop {
        cursor.skip_ends_of_lines();
        if cursor.eat('}') {
            cursor.skip_line();
            return;
        }
        if *cursor.peek() == Kind::EndOfFile || begins_a_block(cursor) {
            return;
        }
        cursor.skip_line();
    }
}

/// One field, and whether all of its line was understood.
fn field(cursor: &mut Cursor<'_, '_>) -> Result<(Field, Result<(), Unreadable>), Unreadable> {
    let name = cursor.name("a field")?;
    let mut field =
        Field { name, written_type: None, arity: Arity::Required, attributes: Vec::new() };
    match field_type(cursor) {
        Ok((field_type, arity)) => {
            field.written_type = Some(field_type);
            field.arity = arity;
        }
        Err(Unreadable) => return Ok((field, Err(Unreadable))),
    }
    let (attributes, read) = field_attributes(cursor);
    field.attributes = attributes;
    let whole = read.and_then(|()| cursor.end_line("an attribute"));
    Ok((field, whole))
}

fn field_type(cursor: &mut Cursor<'_, '_>) -> Result<(FieldType, Arity), Unreadable> {
    if cursor.is(':') {
        return cursor.fail("there is no `:` between a field and its type");
    }
    if cursor.is('[') {
        return cursor.fail("a list is written `Type[]`");
    }
    let Some(word) = cursor.word() else { return cursor.fail("the field has no type") };
    let field_type = if word.text == "Unsupported" && cursor.eat('(') {
        let Kind::Text(text) = cursor.peek() else {
            return cursor.fail("expected a string: the type as the database spells it");
        };
        let written = Word { text: text.clone(), span: cursor.span() };
        cursor.advance();
        if !cursor.eat(')') {
            return cursor.fail("expected `)`");
        }
        FieldType::Unsupported(written)
    } else {
        FieldType::Named(word)
    };
    if cursor.eat('?') {
        return Ok((field_type, Arity::Optional));
    }
    if cursor.is('!') {
        return cursor
            .fail("a field is required unless its type ends with `?`; `!` has no meaning");
    }
    if !cursor.eat('[') {
        return Ok((field_type, Arity::Required));
    }
    if !cursor.eat(']') {
        return cursor.fail("expected `]`");
    }
    if cursor.is('?') {
        return cursor.fail("a list cannot be optional");
    }
    Ok((field_type, Arity::List))
}

fn field_attributes(cursor: &mut Cursor<'_, '_>) -> (Vec<Attribute>, Result<(), Unreadable>) {
    let mut attributes = Vec::new();
    while cursor.eat('@') {
        match expression::attribute(cursor) {
            Ok(attribute) => attributes.push(attribute),
            Err(Unreadable) => return (attributes, Err(Unreadable)),
        }
    }
    (attributes, Ok(()))
}

fn block_attribute(cursor: &mut Cursor<'_, '_>) -> Result<Attribute, Unreadable> {
    cursor.advance();
    let attribute = expression::attribute(cursor)?;
    cursor.end_line("nothing more")?;
    Ok(attribute)
}
