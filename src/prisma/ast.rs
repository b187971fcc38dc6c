//! A schema as it is written: blocks, fields, attributes, expressions, each with its place. What they
//! mean is not looked at here.

use super::mistakes::Span;

/// A name with its place.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) span: Span,
}

/// All blocks of all files, in their order.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) datasources: Vec<Config>,
    pub(super) generators: Vec<Config>,
    pub(super) models: Vec<Model>,
    pub(super) enums: Vec<Enum>,
}

/// A `datasource` or `generator` block.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) name: Word,
    pub(super) entries: Vec<(Word, Expression)>,
    /// Part of it could not be read, so what is missing may be there.
    pub(super) broken: bool,
}

/// Which keyword opened a block of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModelKind {
    Model,
    View,
    /// A composite type, which PostgreSQL does not have in Prisma.
    Type,
}

/// A `model`, `view` or `type` block.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) kind: ModelKind,
    pub(super) name: Word,
    pub(super) fields: Vec<Field>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) broken: bool,
}

/// An `enum` block.
#[derive(Debug)]
pub(super) struct Enum {
    pub(super) name: Word,
    pub(super) values: Vec<EnumValue>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) broken: bool,
}

/// One value of an enum.
#[derive(Debug)]
pub(super) struct EnumValue {
    pub(super) name: Word,
    pub(super) attributes: Vec<Attribute>,
}

/// One field of a model.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: Word,
    /// `None` where it could not be read, which was said.
    pub(super) written_type: Option<FieldType>,
    pub(super) arity: Arity,
    pub(super) attributes: Vec<Attribute>,
}

/// The type of a field as written.
#[derive(Debug)]
pub(super) enum FieldType {
    Named(Word),
    /// `Unsupported("…")`.
    Unsupported(Word),
}

/// How many values a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arity {
    Required,
    Optional,
    List,
}

/// `@name(…)` or `@@name(…)`.
#[derive(Debug)]
pub(super) struct Attribute {
    /// With its dots: `db.VarChar`.
    pub(super) name: Word,
    pub(super) arguments: Vec<Argument>,
}

/// One argument of an attribute or function.
#[derive(Debug)]
pub(super) struct Argument {
    pub(super) name: Option<Word>,
    pub(super) value: Expression,
}

/// A value with its place.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) value: Value,
    pub(super) span: Span,
}

/// What can be written as a value.
#[derive(Debug)]
pub(super) enum Value {
    Text(String),
    Number(String),
    /// A bare word, with its dots.
    Constant(String),
    Function(String, Vec<Argument>),
    List(Vec<Expression>),
    /// `{ field: value }`, in the conditions of partial indexes.
    Object(Vec<(Word, Expression)>),
}

impl Value {
    /// What it is, in a message.
    pub(super) fn phrase(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Number(_) => "a number",
            Self::Constant(_) => "a word",
            Self::Function(..) => "a function",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}
