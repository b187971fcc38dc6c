//! Definitions as one line for each fact, so that a test shows what differs.

use schemawarden::schema::Column;
use schemawarden::schema::Definitions;
use schemawarden::schema::Grantee;
use schemawarden::schema::Index;
use schemawarden::schema::IndexKey;
use schemawarden::schema::IndexedOn;
use schemawarden::schema::Key;
use schemawarden::schema::Name;
use schemawarden::schema::Part;
use schemawarden::schema::Table;

/// What definitions say of one part.
pub(super) fn lines(definitions: &Definitions, part: Part) -> Vec<String> {
    let of_tables = definitions.tables.iter().flat_map(|((kind, name), table)| {
        let prefix = if kind.word() == "table" { "" } else { "foreign " };
        let facts = of_table(table, part);
        facts.into_iter().map(move |it| format!("{prefix}{name}: {it}"))
    });
    of_tables.chain(of_database(definitions, part)).collect()
}

fn of_table(table: &Table, part: Part) -> Vec<String> {
    match part {
        Part::Columns => table.columns.iter().map(column).collect(),
        Part::Defaults => table.columns.iter().filter_map(default).collect(),
        Part::Keys => {
            let primary = table.primary_key.iter().map(|it| key("primary key", it));
            primary.chain(table.unique.iter().map(|it| key("unique", it))).collect()
        }
        Part::ForeignKeys => table.foreign_keys.iter().map(|it| format!("{it:?}")).collect(),
        Part::Checks => {
            let checks = table.checks.iter().map(|it| format!("{:?} {}", it.name, it.expression));
            let exclusions = table.exclusions.iter();
            checks.chain(exclusions.map(|it| format!("{:?} {}", it.name, it.definition))).collect()
        }
        Part::Indexes => table.indexes.iter().map(index).collect(),
        Part::Triggers => {
            let triggers = table.triggers.iter();
            triggers.map(|(name, it)| format!("{name} {} {}", it.enabled, it.definition)).collect()
        }
        Part::Policies => {
            let on = table.row_security.enabled.then(|| "enabled".to_owned());
            let forced = table.row_security.forced.then(|| "forced".to_owned());
            let policies = table.policies.iter().map(|(name, it)| {
                let roles: Vec<_> = it.roles.iter().map(grantee).collect();
                let roles = roles.join(", ");
                let kind = if it.permissive { "permissive" } else { "restrictive" };
                let command = &it.command;
                format!("{name} {kind} {command} to {roles} {:?} {:?}", it.using, it.check)
            });
            on.into_iter().chain(forced).chain(policies).collect()
        }
        Part::Owners => table.owner.iter().map(|it| format!("owner {it}")).collect(),
        Part::Grants => table
            .grants
            .iter()
            .map(|(to, privileges)| {
                let privileges: Vec<_> = privileges.iter().map(String::as_str).collect();
                format!("{} to {}", privileges.join(", "), grantee(to))
            })
            .collect(),
        Part::Partitioning => table.partition_key.iter().cloned().collect(),
        Part::Persistence => table.unlogged.then(|| "unlogged".to_owned()).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn of_database(it: &Definitions, part: Part) -> Vec<String> {
    match part {
        Part::Views => {
            let views = it.views.iter().map(|((kind, name), view)| {
                let definition = view.definition.as_deref().unwrap_or("?");
                let words: Vec<&str> = definition.split_whitespace().collect();
                format!("{kind} {name}: {}", words.join(" "))
            });
            views.collect()
        }
        Part::Sequences => it.sequences.iter().map(|it| format!("{it:?}")).collect(),
        Part::Enums => it.enums.iter().map(|it| format!("{it:?}")).collect(),
        Part::Functions => {
            let functions = it.functions.iter().map(|(signature, it)| {
                let definer = if it.security_definer { " definer" } else { "" };
                let (kind, returns, language) = (&it.kind, &it.returns, &it.language);
                let (name, arguments) = (&signature.name, &signature.arguments);
                format!(
                    "{kind} {name}({arguments}) returns {returns} {language} {}{definer}",
                    it.body
                )
            });
            functions.collect()
        }
        Part::Extensions => {
            let extensions = it.extensions.iter();
            extensions.map(|(name, it)| format!("{name} in {:?}", it.schema)).collect()
        }
        Part::Schemas => it.schemas.iter().map(Name::visible).collect(),
        Part::EventTriggers => it.event_triggers.iter().map(|it| format!("{it:?}")).collect(),
        Part::Estimates => it.estimates.iter().map(|(name, it)| format!("{name} {it:?}")).collect(),
        _ => Vec::new(),
    }
}

fn column(it: &Column) -> String {
    let null = if it.nullable { "" } else { " not null" };
    let identity = it.identity.map(|it| format!(" identity {it}")).unwrap_or_default();
    let collation = it.collation.as_ref().map(|it| format!(" collate {it}")).unwrap_or_default();
    format!("{} {}{null}{identity}{collation}", it.name, it.type_name)
}

fn default(it: &Column) -> Option<String> {
    let default = it.default.as_ref().map(|default| format!("{} default {default}", it.name));
    default.or_else(|| {
        let generated = it.generated.as_ref()?;
        let kind = if generated.stored { "stored" } else { "virtual" };
        Some(format!("{} {kind} {}", it.name, generated.expression))
    })
}

fn key(kind: &str, it: &Key) -> String {
    let nulls = if it.nulls_not_distinct { " nulls not distinct" } else { "" };
    let include =
        if it.include.is_empty() { "" } else { &format!(" include ({})", names(&it.include)) };
    format!("{kind} {}({}){include}{nulls}", name(it.name.as_ref()), names(&it.columns))
}

fn index(it: &Index) -> String {
    let unique = if it.unique { "unique " } else { "" };
    let keys: Vec<String> = it.keys.iter().map(index_key).collect();
    let include =
        if it.include.is_empty() { "" } else { &format!(" include ({})", names(&it.include)) };
    let condition = it.predicate.as_ref().map(|it| format!(" where {it}")).unwrap_or_default();
    let nulls = if it.nulls_not_distinct { " nulls not distinct" } else { "" };
    let valid = if it.valid { "" } else { " invalid" };
    let (name, method, keys) = (name(it.name.as_ref()), &it.method, keys.join(", "));
    format!("{unique}{name}using {method} ({keys}){include}{nulls}{condition}{valid}")
}

fn index_key(it: &IndexKey) -> String {
    let on = match &it.on {
        IndexedOn::Column(name) => name.visible(),
        IndexedOn::Expression(sql) => format!("({sql})"),
    };
    let collation = it.collation.as_ref().map(|it| format!(" collate {it}")).unwrap_or_default();
    let class = it.operator_class.as_ref().map(|it| format!(" {it}")).unwrap_or_default();
    let order = if it.descending { " desc" } else { "" };
    let nulls = if it.nulls_first { " nulls first" } else { "" };
    format!("{on}{collation}{class}{order}{nulls}")
}

fn grantee(it: &Grantee) -> String {
    match it {
        Grantee::Public => "public".to_owned(),
        Grantee::Role(name) => name.visible(),
    }
}

fn name(it: Option<&Name>) -> String {
    it.map(|it| format!("{it} ")).unwrap_or_default()
}

fn names(them: &[Name]) -> String {
    them.iter().map(Name::visible).collect::<Vec<_>>().join(", ")
}
