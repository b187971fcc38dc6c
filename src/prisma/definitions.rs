//! Puts tables, views, enums and extensions together.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::ast::Document;
use super::datasource;
use super::declared;
use super::declared::Declared;
use super::entity;
use super::entity::Entity;
use super::keys;
use super::keys::Keys;
use super::mistakes::Mistakes;
use super::mistakes::Span;
use super::relation;
use crate::schema::Definitions;
use crate::schema::Extension;
use crate::schema::Name;
use crate::schema::Part;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Table;
use crate::schema::View;

/// What a Prisma schema tells completely. It knows nothing of checks, triggers, policies, owners and
/// the like; it names views without defining them, and extensions only where a preview feature is on.
const TELLS: [Part; 6] =
    [Part::Columns, Part::Defaults, Part::Keys, Part::ForeignKeys, Part::Indexes, Part::Enums];

/// What `document` makes in an empty database.
pub(super) fn build(document: &Document, mistakes: &mut Mistakes<'_>) -> Definitions {
    let datasource = datasource::read(document, mistakes);
    let declared = declared::declare(document, datasource, mistakes);
    let entities: Vec<Entity<'_>> = declared
        .models
        .iter()
        .map(|(model, table)| entity::read(model, table, &declared, mistakes))
        .collect();
    let keys: Vec<Keys> = entities.iter().map(|it| keys::read(it, &declared, mistakes)).collect();
    let foreign_keys = declared.datasource.foreign_keys;
    let relations = relation::read(&entities, &keys, foreign_keys, mistakes);

    let mut names = Names::default();
    let mut definitions = Definitions { tell: TELLS.into(), ..Definitions::default() };
    for (entity, keys) in entities.iter().zip(keys) {
        if entity.is_view() {
            // It may be a materialized view as well; either way Prisma does not make it.
            let view = View { optional: true, definition: None };
            definitions.views.insert((RelationKind::View, entity.table.clone()), view);
            continue;
        }
        let relation = (RelationKind::Table, entity.table.clone());
        // Two models of one table were told, and so need not be all that both of them hold.
        if definitions.tables.contains_key(&relation) {
            continue;
        }
        for (name, span) in &keys.names {
            names.take(entity.table, name, *span, mistakes);
        }
        let columns = entity.scalars.iter().map(|it| it.column.clone()).collect();
        let table = Table {
            columns,
            primary_key: keys.primary_key,
            unique: keys.unique,
            indexes: keys.indexes,
            ..Table::default()
        };
        definitions.tables.insert(relation, table);
    }
    for (index, span, key) in relations.foreign_keys {
        let table = entities[index].table;
        if let Some(name) = &key.name {
            names.take_in_table(table, name, span, mistakes);
        }
        if let Some(table) = definitions.tables.get_mut(&(RelationKind::Table, table.clone())) {
            table.foreign_keys.push(key);
        }
    }
    for (name, span, table) in relations.join_tables {
        let key = (RelationKind::Table, name);
        if definitions.tables.contains_key(&key) {
            let message = format!("the table of this relation, `{}`, is there already", key.1);
            let help = "give the relation a name of its own: `@relation(\"…\")`";
            mistakes.error_with_help(span, message, help);
        }
        definitions.tables.insert(key, table);
    }
    enums_and_extensions(&mut definitions, &declared);
    // Not told as a part: what else they hold is not known. But a push makes them what it says.
    definitions.schemas =
        declared.datasource.schemas.iter().map(|it| Name::from(it.as_str())).collect();
    definitions
}

fn enums_and_extensions(definitions: &mut Definitions, declared: &Declared<'_>) {
    for it in &declared.enums {
        let labels = it.labels.iter().map(|(_, label)| label.clone()).collect();
        definitions.enums.insert(it.name.clone(), labels);
    }
    for it in &declared.datasource.extensions {
        let schema = it.schema.as_deref().map(Name::from);
        let extension = Extension { schema, version: it.version.clone() };
        definitions.extensions.insert(Name::from(&*it.name), extension);
    }
}

/// Names of keys, indexes and constraints that are taken: `constraint_namespace.rs` in psl-core.
#[derive(Default)]
struct Names {
    /// Keys and indexes are relations of their schema.
    in_schema: BTreeSet<RelationName>,
    /// Constraints and indexes of one table.
    in_table: BTreeMap<RelationName, BTreeSet<Name>>,
}

impl Names {
    fn take(&mut self, table: &RelationName, name: &Name, span: Span, mistakes: &mut Mistakes<'_>) {
        let relation = RelationName::new(table.schema.clone(), name.clone());
        if self.in_schema.insert(relation) {
            self.in_table.entry(table.clone()).or_default().insert(name.clone());
        } else {
            taken(name, span, mistakes);
        }
    }

    fn take_in_table(
        &mut self,
        table: &RelationName,
        name: &Name,
        span: Span,
        mistakes: &mut Mistakes<'_>,
    ) {
        if !self.in_table.entry(table.clone()).or_default().insert(name.clone()) {
            taken(name, span, mistakes);
        }
    }
}

fn taken(name: &Name, span: Span, mistakes: &mut Mistakes<'_>) {
    let message = format!("the name `{name}` is taken by another key, index or constraint");
    mistakes.error_with_help(span, message, "give this one a name of its own with `map`");
}
