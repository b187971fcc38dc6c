//! Makes sense of what a manifest says of one relation beyond its name.

mod rules;

use std::collections::BTreeMap;
use std::path::Path;

use super::Noted;
use super::column::column;
use crate::canonical;
use crate::manifest::ColumnSpec;
use crate::manifest::ColumnsSpec;
use crate::manifest::Expected;
use crate::manifest::RowFloor;
use crate::manifest::TableSpec;
use crate::manifest::shape::About;
use crate::manifest::shape::CheckShape;
use crate::manifest::shape::ColumnShape;
use crate::manifest::shape::ExclusionShape;
use crate::manifest::shape::ForeignKeyShape;
use crate::manifest::shape::IndexKeyShape;
use crate::manifest::shape::IndexShape;
use crate::manifest::shape::KeyShape;
use crate::manifest::shape::NamesOr;
use crate::manifest::shape::RowsShape;
use crate::manifest::shape::TextOr;
use crate::manifest::shape::words;
use crate::schema::Action;
use crate::schema::Check;
use crate::schema::Exclusion;
use crate::schema::ForeignKey;
use crate::schema::Generated;
use crate::schema::Identity;
use crate::schema::Index;
use crate::schema::IndexKey;
use crate::schema::IndexedOn;
use crate::schema::Key;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::yaml::At;
use crate::yaml::Entries;
use crate::yaml::Mistake;
use crate::yaml::Position;
use crate::yaml::nearest;

/// What `about`, which stands under `key` for a relation of `kind`, expects.
pub(super) fn expected(
    path: &Path,
    key: &str,
    at: Position,
    kind: RelationKind,
    about: About,
    noted: &mut Noted,
) -> Expected {
    let mut reader = Reader { path, key, noted };
    let optional = about.optional.unwrap_or(false);
    let is_view = matches!(kind, RelationKind::View | RelationKind::MaterializedView);
    let definition = about.definition.as_ref().map(|it| it.value.clone());
    if let Some(it) = about.definition.as_ref().filter(|_| !is_view) {
        reader.mistake("definition", it.at, format!("a {kind} has none; views do"));
    }
    if kind != RelationKind::Table
        && let Some(it) = &about.rows
    {
        reader.mistake(
            "rows",
            it.at,
            format!("the rows of a {kind} are not counted; a table's are"),
        );
    }
    let spec = reader.table(about);
    let declares = spec != TableSpec::default();
    if is_view && declares {
        reader.mistake(
            "",
            at,
            format!("of a {kind} only `optional` and `definition` are compared"),
        );
        return Expected { optional, table: None, definition };
    }
    Expected { optional, table: declares.then(|| Box::new(spec)), definition }
}

struct Reader<'a> {
    path: &'a Path,
    /// `tables.User`
    key: &'a str,
    noted: &'a mut Noted,
}

impl Reader<'_> {
    fn mistake(&mut self, key: &str, at: Position, message: impl Into<String>) {
        let key = match key {
            "" => self.key.to_owned(),
            key => format!("{}.{key}", self.key),
        };
        self.noted.mistakes.push(Mistake::new(self.path, Some(at), key, message));
    }

    fn table(&mut self, about: About) -> TableSpec {
        let at_least = about.r#match.as_ref().and_then(|it| self.word("match", it, &words::MATCH));
        let at_least = at_least == Some("at_least");
        if let Some(it) = about.r#match.as_ref().filter(|_| about.columns.is_none()) {
            self.mistake("match", it.at, "there is no `columns` that it could speak of");
        }
        if let Some(key) = &about.key
            && (about.primary_key.is_some() || about.unique.is_some())
            && let Some(first) = key.first()
        {
            let message = "`key` leaves open what `primary_key` and `unique` say; keep one of them";
            self.mistake("key", first.at, message);
        }
        let primary_key = about.primary_key.map(|it| match &it.value {
            NamesOr::Names(names) if names.is_empty() => None,
            _ => self.key("primary_key", &it),
        });
        let (unique, indexes) = self.unique_and_indexes(about.unique, about.indexes);
        TableSpec {
            columns: about.columns.map(|it| self.columns(&it, at_least)),
            primary_key,
            unique,
            unique_somehow: about.key.map(|it| self.names("key", &it)),
            foreign_keys: about
                .foreign_keys
                .map(|it| self.each("foreign_keys", &it, Self::foreign_key)),
            checks: about.checks.map(|it| self.each("checks", &it, Self::check)),
            exclusions: about.exclusions.map(|it| self.each("exclusions", &it, Self::exclusion)),
            indexes,
            triggers: about.triggers.map(|it| self.triggers(&it)),
            row_security: about.rls.as_ref().and_then(|it| self.row_security(it)),
            policies: about.policies.map(|it| self.policies(&it)),
            owner: about.owner.as_ref().and_then(|it| self.name("owner", it)),
            grants: about.grants.map(|it| self.grants(&it)),
            partition_key: about.partition_key.map(|it| or_none(&it)),
            unlogged: about.unlogged,
            rows: about.rows.as_ref().and_then(|it| self.rows(it)),
        }
    }

    fn each<T, U>(
        &mut self,
        key: &str,
        items: &[At<T>],
        one: impl Fn(&mut Self, &str, &At<T>) -> Option<U>,
    ) -> Vec<U> {
        let items = items.iter().enumerate();
        items.filter_map(|(at, it)| one(self, &format!("{key}[{at}]"), it)).collect()
    }

    fn word(&mut self, key: &str, it: &At<String>, words: &[&'static str]) -> Option<&'static str> {
        let found = words.iter().find(|word| **word == it.value).copied();
        if found.is_none() {
            let message = format!("expected one of {}, found {}", words.join(", "), it.shown());
            let key = format!("{}.{key}", self.key);
            let mistake = Mistake::new(self.path, Some(it.at), key, message);
            self.noted.mistakes.push(mistake.with_nearest(nearest(&it.value, words.to_vec())));
        }
        found
    }

    fn name(&mut self, key: &str, it: &At<String>) -> Option<Name> {
        let name = Name::parse(&it.value);
        name.map_err(|error| self.mistake(key, it.at, error.to_string())).ok()
    }

    fn names(&mut self, key: &str, items: &[At<String>]) -> Vec<Name> {
        let mut names = Vec::new();
        for it in items {
            let Some(name) = self.name(key, it) else { continue };
            if names.contains(&name) {
                self.mistake(key, it.at, format!("{} is listed twice", it.shown()));
                continue;
            }
            names.push(name);
        }
        names
    }

    fn columns(
        &mut self,
        columns: &At<Entries<TextOr<ColumnShape>>>,
        at_least: bool,
    ) -> ColumnsSpec {
        let mut listed = BTreeMap::new();
        for (name, said) in &columns.value.0 {
            let key = format!("columns.{}", name.value);
            let Some(name_read) = self.name(&key, name) else { continue };
            let spec = match said {
                TextOr::Text(text) => column(text)
                    .map_err(|error| self.mistake(&key, name.at, error))
                    .unwrap_or_default(),
                TextOr::Map(map) => self.column(&key, map),
            };
            listed.insert(name_read, spec);
        }
        ColumnsSpec { listed, at_least }
    }

    fn column(&mut self, key: &str, map: &ColumnShape) -> ColumnSpec {
        let type_name = map.r#type.as_ref().and_then(|it| {
            let named = canonical::type_name(&it.value);
            named
                .map_err(|error| self.mistake(&format!("{key}.type"), it.at, error.to_string()))
                .ok()
        });
        let identity = map.identity.as_ref().and_then(|it| {
            let word = self.word(&format!("{key}.identity"), it, &words::IDENTITY)?;
            Some(Identity::ALL.into_iter().find(|it| it.word() == word))
        });
        let stored = !map.is_virtual.unwrap_or(false);
        let generated = map.generated.as_ref().map(or_none);
        ColumnSpec {
            type_name,
            nullable: map.nullable,
            default: map.default.as_ref().map(or_none),
            identity,
            generated: generated.map(|it| it.map(|expression| Generated { expression, stored })),
            collation: map.collation.as_ref().map(or_none),
        }
    }

    fn key(&mut self, key: &str, said: &At<NamesOr<KeyShape>>) -> Option<Key> {
        let read = match &said.value {
            NamesOr::Names(names) => Key::new(None, self.names(key, names)),
            NamesOr::Map(map) => Key {
                name: map.name.as_ref().and_then(|it| self.name(&format!("{key}.name"), it)),
                columns: self.names(&format!("{key}.columns"), &map.columns),
                include: self
                    .names(&format!("{key}.include"), map.include.as_deref().unwrap_or_default()),
                nulls_not_distinct: map.nulls_not_distinct.unwrap_or(false),
            },
        };
        if read.columns.is_empty() {
            self.mistake(key, said.at, "no column is named");
            return None;
        }
        Some(read)
    }

    /// An index over plain columns that is unique is told among what is unique, wherever it is listed.
    fn unique_and_indexes(
        &mut self,
        unique: Option<Vec<At<NamesOr<KeyShape>>>>,
        indexes: Option<Vec<At<NamesOr<IndexShape>>>>,
    ) -> (Option<Vec<Key>>, Option<Vec<Index>>) {
        let mut keys = unique.map(|it| self.each("unique", &it, Self::key));
        let indexes = indexes.map(|it| self.each("indexes", &it, Self::index));
        let Some(indexes) = indexes else { return (keys, None) };
        let mut others = Vec::new();
        for index in indexes {
            match (index.as_key(), &mut keys) {
                (Some(columns), Some(keys)) => keys.push(Key {
                    name: index.name,
                    columns,
                    include: index.include,
                    nulls_not_distinct: index.nulls_not_distinct,
                }),
                _ => others.push(index),
            }
        }
        (keys, Some(others))
    }

    fn index(&mut self, key: &str, said: &At<NamesOr<IndexShape>>) -> Option<Index> {
        let index = match &said.value {
            NamesOr::Names(names) => Index::over(None, self.names(key, names)),
            NamesOr::Map(map) => Index {
                name: map.name.as_ref().and_then(|it| self.name(&format!("{key}.name"), it)),
                unique: map.unique.unwrap_or(false),
                method: map.method.as_ref().map_or("btree", |it| it.value.as_str()).to_owned(),
                keys: self.each(&format!("{key}.keys"), &map.keys, Self::index_key),
                include: self
                    .names(&format!("{key}.include"), map.include.as_deref().unwrap_or_default()),
                predicate: map.r#where.as_ref().map(|it| it.value.clone()),
                nulls_not_distinct: map.nulls_not_distinct.unwrap_or(false),
                valid: true,
            },
        };
        if index.keys.is_empty() {
            self.mistake(key, said.at, "no column is named");
            return None;
        }
        Some(index)
    }

    fn index_key(&mut self, key: &str, said: &At<TextOr<IndexKeyShape>>) -> Option<IndexKey> {
        let map = match &said.value {
            TextOr::Text(text) => {
                let it = At { value: text.clone(), at: said.at, from_env: said.from_env };
                return self.name(key, &it).map(IndexKey::column);
            }
            TextOr::Map(map) => map,
        };
        let on = match (&map.column, &map.expression) {
            (Some(column), None) => IndexedOn::Column(self.name(&format!("{key}.column"), column)?),
            (None, Some(expression)) => IndexedOn::Expression(expression.value.clone()),
            _ => {
                self.mistake(key, said.at, "name either `column` or `expression`");
                return None;
            }
        };
        let order =
            map.order.as_ref().and_then(|it| self.word(&format!("{key}.order"), it, &words::ORDER));
        let descending = order == Some("desc");
        let nulls =
            map.nulls.as_ref().and_then(|it| self.word(&format!("{key}.nulls"), it, &words::NULLS));
        Some(IndexKey {
            on,
            collation: map.collation.as_ref().map(|it| it.value.clone()),
            operator_class: map.operator_class.as_ref().map(|it| it.value.clone()),
            descending,
            nulls_first: nulls.map_or(descending, |it| it == "first"),
        })
    }

    fn foreign_key(&mut self, key: &str, said: &At<ForeignKeyShape>) -> Option<ForeignKey> {
        let it = &said.value;
        let references = RelationName::parse(&it.references.value).map_err(|error| {
            self.mistake(&format!("{key}.references"), it.references.at, error.to_string());
        });
        let mut action = |field: &str, said: &Option<At<String>>| {
            let said = said.as_ref()?;
            let words = Action::ALL.map(Action::word);
            let word = self.word(&format!("{key}.{field}"), said, &words)?;
            Action::ALL.into_iter().find(|it| it.word() == word)
        };
        let (on_update, on_delete) =
            (action("on_update", &it.on_update), action("on_delete", &it.on_delete));
        let read = ForeignKey {
            name: it.name.as_ref().and_then(|it| self.name(&format!("{key}.name"), it)),
            columns: self.names(&format!("{key}.columns"), &it.columns),
            table: references.ok()?,
            references: self.names(&format!("{key}.to"), it.to.as_deref().unwrap_or_default()),
            on_update: on_update.unwrap_or_default(),
            on_delete: on_delete.unwrap_or_default(),
            match_full: it.match_full.unwrap_or(false),
            deferrable: it.deferrable.unwrap_or(false),
            initially_deferred: it.initially_deferred.unwrap_or(false),
        };
        if read.columns.is_empty() {
            self.mistake(key, said.at, "no column is named");
            return None;
        }
        if !read.references.is_empty() && read.references.len() != read.columns.len() {
            let message =
                format!("{} columns point at {}", read.columns.len(), read.references.len());
            self.mistake(key, said.at, message);
            return None;
        }
        Some(read)
    }

    fn check(&mut self, key: &str, said: &At<TextOr<CheckShape>>) -> Option<Check> {
        match &said.value {
            TextOr::Text(text) => Some(Check { name: None, expression: text.clone() }),
            TextOr::Map(map) => Some(Check {
                name: Some(self.name(&format!("{key}.name"), &map.name)?),
                expression: map.expression.value.clone(),
            }),
        }
    }

    fn exclusion(&mut self, key: &str, said: &At<TextOr<ExclusionShape>>) -> Option<Exclusion> {
        match &said.value {
            TextOr::Text(text) => Some(Exclusion { name: None, definition: text.clone() }),
            TextOr::Map(map) => Some(Exclusion {
                name: Some(self.name(&format!("{key}.name"), &map.name)?),
                definition: map.definition.value.clone(),
            }),
        }
    }

    fn rows(&mut self, said: &At<RowsShape>) -> Option<RowFloor> {
        let RowsShape { min, estimate } = &said.value;
        if min.value == 0 {
            self.mistake("rows.min", min.at, "every table has as many; leave `rows` out");
            return None;
        }
        Some(RowFloor { min: min.value, estimate: estimate.unwrap_or(false) })
    }
}

/// `none` says that there must be none.
fn or_none(said: &At<String>) -> Option<String> {
    (said.value != words::NONE).then(|| said.value.clone())
}
