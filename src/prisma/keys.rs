//! Primary keys, what is unique, and indexes.
//!
//! `model_index` and `model_unique` in `psl/parser-database/src/attributes.rs`, `id.rs` beside it, and
//! `push_model_indexes` in `sql-schema-connector/src/sql_schema_calculator.rs` of prisma-engines. What
//! is unique is an index in the database, never a constraint.

mod fields;
mod operator_class;
mod predicate;

use super::arguments::Arguments;
use super::ast::Attribute;
use super::column::ScalarField;
use super::constraint_name;
use super::constraint_name::BYTES_MAX;
use super::declared::Declared;
use super::declared::single;
use super::entity::Entity;
use super::mistakes::Mistakes;
use super::mistakes::Span;
use crate::schema::Index;
use crate::schema::Key;
use crate::schema::Name;
use fields::KeyField;
use operator_class::Method;

/// The keys and indexes of one table.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) primary_key: Option<Key>,
    pub(super) unique: Vec<Key>,
    pub(super) indexes: Vec<Index>,
    /// Which fields together tell one row, as indexes of the entity's scalars; first the primary key.
    pub(super) criteria: Vec<Vec<usize>>,
    /// Each name that was given or made, with its place.
    pub(super) names: Vec<(Name, Span)>,
}

impl Keys {
    /// Whether these fields, in any order, tell one row.
    pub(super) fn tell_one_row(&self, fields: &[usize]) -> bool {
        let sorted = |it: &[usize]| {
            let mut it = it.to_vec();
            it.sort_unstable();
            it
        };
        self.criteria.iter().any(|it| sorted(it) == sorted(fields))
    }
}

/// Reads the keys and indexes of a model.
pub(super) fn read(
    entity: &Entity<'_>,
    declared: &Declared<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Keys {
    let errors = mistakes.errors();
    let mut reader = Reader { entity, declared, keys: Keys::default() };
    reader.primary_key(mistakes);
    for (index, field) in entity.scalars.iter().enumerate() {
        if let Some(attribute) = field.unique {
            let known = ["map", "sort", "length", "clustered", "where"];
            let arguments = arguments(attribute, "@", &known, mistakes);
            let descending = fields::descending(&arguments, mistakes);
            let fields = vec![KeyField { index, descending, operator_class: None }];
            reader.unique(attribute, &arguments, &fields, mistakes);
        }
    }
    for attribute in &entity.ast.attributes {
        match &*attribute.name.text {
            "unique" => {
                let known = ["fields", "name", "map", "clustered", "where"];
                let arguments = arguments(attribute, "@@", &known, mistakes);
                if let Some(fields) = reader.fields(&arguments, mistakes) {
                    reader.unique(attribute, &arguments, &fields, mistakes);
                }
            }
            "index" => reader.index(attribute, mistakes),
            _ => {}
        }
    }
    let keys = reader.keys;
    // What is wrong with a key was said; that it is missing is no more than the consequence.
    if mistakes.errors() == errors {
        tells_rows_apart(entity, &keys, mistakes);
    }
    keys
}

struct Reader<'a> {
    entity: &'a Entity<'a>,
    declared: &'a Declared<'a>,
    keys: Keys,
}

impl Reader<'_> {
    fn primary_key(&mut self, mistakes: &mut Mistakes<'_>) {
        let entity = self.entity;
        let mut marked = entity.scalars.iter().enumerate().filter(|(_, it)| it.id.is_some());
        let first = marked.next();
        for (_, other) in marked {
            mistakes.error(
                other.ast.name.span,
                "a model has one `@id`; for several fields together there is `@@id`",
            );
        }
        let whole = single(&entity.ast.attributes, "id", "@@", mistakes);
        let (attribute, fields, arguments) = match (first, whole) {
            (Some(_), Some(attribute)) => {
                mistakes.error(attribute.name.span, "a model has `@id` or `@@id`, not both");
                return;
            }
            (Some((index, field)), None) => {
                let Some(attribute) = field.id else { return };
                let known = ["map", "sort", "length", "clustered"];
                let arguments = arguments(attribute, "@", &known, mistakes);
                let descending = fields::descending(&arguments, mistakes);
                let field = KeyField { index, descending, operator_class: None };
                (attribute, vec![field], arguments)
            }
            (None, Some(attribute)) => {
                let known = ["fields", "name", "map", "clustered"];
                let arguments = arguments(attribute, "@@", &known, mistakes);
                let Some(fields) = self.fields(&arguments, mistakes) else { return };
                (attribute, fields, arguments)
            }
            (None, None) => return,
        };
        let span = attribute.name.span;
        if fields.iter().any(|it| it.descending || it.operator_class.is_some()) {
            mistakes.error(span, "a primary key has no order and no operator class in PostgreSQL");
        }
        for field in &fields {
            let scalar = &entity.scalars[field.index];
            if scalar.id.is_none() && scalar.column.nullable {
                let message =
                    format!("`{}` is part of the key, so it is required", scalar.ast.name.text);
                mistakes.error(scalar.ast.name.span, message);
            }
        }
        let made = constraint_name::primary_key(&entity.table_text());
        let name = self.name(span, &arguments, made, mistakes);
        let columns = fields.iter().map(|it| entity.scalars[it.index].name().clone()).collect();
        self.keys.primary_key = Some(Key::new(Some(name), columns));
        self.keys.criteria.insert(0, fields.iter().map(|it| it.index).collect());
    }

    fn unique(
        &mut self,
        attribute: &Attribute,
        arguments: &Arguments<'_>,
        fields: &[KeyField],
        mistakes: &mut Mistakes<'_>,
    ) {
        let span = attribute.name.span;
        if fields.iter().any(|it| it.operator_class.is_some()) {
            mistakes.error(span, "operator classes are for `@@index` only");
        }
        let columns = self.columns(fields);
        let made = constraint_name::unique(&self.entity.table_text(), &columns);
        let name = self.name(span, arguments, made, mistakes);
        let predicate =
            arguments.get("where").map(|it| self.predicate(it, mistakes).unwrap_or_default());
        if predicate.is_none() {
            self.keys.criteria.push(fields.iter().map(|it| it.index).collect());
        }
        let index = self.build(name, fields, Method::BTree, predicate, true);
        match index.as_key() {
            Some(columns) => self.keys.unique.push(Key::new(index.name, columns)),
            None => self.keys.indexes.push(index),
        }
    }

    fn index(&mut self, attribute: &Attribute, mistakes: &mut Mistakes<'_>) {
        let known = ["fields", "name", "map", "type", "clustered", "where"];
        let arguments = arguments(attribute, "@@", &known, mistakes);
        let method = arguments.one_of("type", &Method::WORDS, mistakes).unwrap_or_default();
        let Some(fields) = self.fields(&arguments, mistakes) else { return };
        let span = attribute.name.span;
        if method == Method::Hash && fields.iter().any(|it| it.descending) {
            mistakes.error(span, "a hash index has no order");
        }
        for field in &fields {
            if let Some(class) = &field.operator_class
                && !class.is_for(method)
            {
                let message = format!("this operator class is not one of {}", method.word());
                mistakes.error(class.span, message);
            }
        }
        let columns = self.columns(&fields);
        let mut made = constraint_name::index(&self.entity.table_text(), &columns);
        // The argument `name` means the same as `map` here, for schemas that are older than that.
        if let Some(name) = arguments.text("name", mistakes) {
            if arguments.get("map").is_some() {
                mistakes.error(span, "`name` and `map` mean the same here; give one");
            }
            name.clone_into(&mut made);
        }
        let name = self.name(span, &arguments, made, mistakes);
        let predicate =
            arguments.get("where").map(|it| self.predicate(it, mistakes).unwrap_or_default());
        let index = self.build(name, &fields, method, predicate, false);
        self.keys.indexes.push(index);
    }

    fn build(
        &self,
        name: Name,
        fields: &[KeyField],
        method: Method,
        predicate: Option<String>,
        unique: bool,
    ) -> Index {
        let scalars = &self.entity.scalars;
        let columns = fields.iter().map(|it| scalars[it.index].name().clone());
        let mut index = Index::over(Some(name), columns);
        for (key, field) in index.keys.iter_mut().zip(fields) {
            key.descending = field.descending;
            key.nulls_first = field.descending;
            key.operator_class =
                field.operator_class.as_ref().and_then(|it| it.unless_default(method));
        }
        index.unique = unique;
        method.access_method().clone_into(&mut index.method);
        index.predicate = predicate;
        index
    }

    fn fields(
        &self,
        arguments: &Arguments<'_>,
        mistakes: &mut Mistakes<'_>,
    ) -> Option<Vec<KeyField>> {
        let value = arguments.required("fields", mistakes)?;
        fields::read(value, self.entity, mistakes)
    }

    fn predicate(
        &self,
        value: &super::ast::Expression,
        mistakes: &mut Mistakes<'_>,
    ) -> Option<String> {
        predicate::read(value, self.entity, self.declared, mistakes)
    }

    fn columns(&self, fields: &[KeyField]) -> Vec<String> {
        fields.iter().map(|it| self.entity.scalars[it.index].column_text()).collect()
    }

    /// The name of a key or index: what `map` says, or what Prisma makes.
    fn name(
        &mut self,
        span: Span,
        arguments: &Arguments<'_>,
        made: String,
        mistakes: &mut Mistakes<'_>,
    ) -> Name {
        let name = arguments.text("map", mistakes).map_or(made, str::to_owned);
        if name.len() > BYTES_MAX {
            let message = format!("the name is longer than PostgreSQL's {BYTES_MAX} bytes");
            mistakes.error(span, message);
        }
        let name = Name::from(&*name);
        self.keys.names.push((name.clone(), span));
        name
    }
}

/// The arguments of a key or index, without those that only other databases have.
fn arguments<'b>(
    attribute: &'b Attribute,
    at: &str,
    known: &[&'static str],
    mistakes: &mut Mistakes<'_>,
) -> Arguments<'b> {
    let arguments = Arguments::of(attribute, at, known, mistakes);
    for (argument, why) in [
        ("clustered", "PostgreSQL has no clustered keys in Prisma"),
        ("length", "PostgreSQL has no lengths of keys"),
    ] {
        if let Some(value) = arguments.get(argument) {
            mistakes.error(value.span, why);
        }
    }
    arguments
}

/// Prisma refuses a model whose rows it could not tell apart, unless it is to ignore it.
fn tells_rows_apart(entity: &Entity<'_>, keys: &Keys, mistakes: &mut Mistakes<'_>) {
    let is_ignored = entity.ast.attributes.iter().any(|it| it.name.text == "ignore");
    let required = |it: &ScalarField<'_>| !it.column.nullable;
    let told =
        keys.criteria.iter().any(|it| it.iter().all(|index| required(&entity.scalars[*index])));
    let is_meant = entity.in_part || entity.faulty || is_ignored || entity.is_view();
    if !told && !is_meant {
        let message = format!(
            "`{}` has no `@id`, `@@id`, `@unique` or `@@unique` over required fields",
            entity.name()
        );
        mistakes.error(entity.ast.name.span, message);
    }
}
