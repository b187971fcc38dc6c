//! The `datasource` block: which database the schema is for, its schemas and extensions.
//!
//! `psl/psl-core/src/validate/datasource_loader.rs` in prisma-engines. URLs are never looked at beyond
//! their `schema` parameter, and no message repeats them.

use super::arguments::Arguments;
use super::arguments::items;
use super::ast::Config;
use super::ast::Document;
use super::ast::Expression;
use super::ast::Value;
use super::mistakes::Mistakes;
use super::mistakes::Span;
use crate::yaml::Position;
use crate::yaml::shown;

/// What PostgreSQL is called, and what is not PostgreSQL.
const PROVIDERS: [&str; 2] = ["postgresql", "postgres"];
const OTHER_PROVIDERS: [&str; 5] = ["mysql", "sqlite", "sqlserver", "mongodb", "cockroachdb"];

const KEYS: [&str; 8] = [
    "provider",
    "url",
    "directUrl",
    "shadowDatabaseUrl",
    "relationMode",
    "referentialIntegrity",
    "schemas",
    "extensions",
];

/// Preview features that PostgreSQL schemas may name, in Prisma 4 to 7. They change nothing here.
const FEATURES: [&str; 40] = [
    "aggregateApi",
    "atomicNumberOperations",
    "clientExtensions",
    "connectOrCreate",
    "createMany",
    "cockroachdb",
    "dataProxy",
    "deno",
    "distinct",
    "driverAdapters",
    "extendedIndexes",
    "extendedWhereUnique",
    "fieldReference",
    "filterJson",
    "filteredRelationCount",
    "fullTextIndex",
    "fullTextSearch",
    "fullTextSearchPostgres",
    "groupBy",
    "improvedQueryRaw",
    "interactiveTransactions",
    "jsonProtocol",
    "metrics",
    "multiSchema",
    "namedConstraints",
    "nativeDistinct",
    "omitApi",
    "orderByNulls",
    "partialIndexes",
    "postgresqlExtensions",
    "prismaSchemaFolder",
    "queryCompiler",
    "referentialIntegrity",
    "relationJoins",
    "schemaEngineDriverAdapters",
    "selectRelationCount",
    "strictUndefinedChecks",
    "tracing",
    "typedSql",
    "views",
];

/// What a `datasource` says.
#[derive(Debug, Default)]
pub(super) struct Datasource {
    /// The prefix of native types: `db` in `@db.VarChar(20)`.
    pub(super) name: String,
    /// `schemas`; empty: everything is in `default_schema`.
    pub(super) schemas: Vec<String>,
    pub(super) default_schema: String,
    /// `relationMode = "prisma"` makes no foreign keys.
    pub(super) foreign_keys: bool,
    pub(super) extensions: Vec<Extension>,
}

/// One of `extensions`.
#[derive(Debug)]
pub(super) struct Extension {
    pub(super) name: String,
    pub(super) schema: Option<String>,
    pub(super) version: Option<String>,
}

/// Reads the one `datasource`, and looks through the generators.
pub(super) fn read(document: &Document, mistakes: &mut Mistakes<'_>) -> Datasource {
    for generator in &document.generators {
        features(generator, mistakes);
    }
    let Some(config) = document.datasources.first() else {
        let span = Span { file: 0, at: Position { line: 1, column: 1 }, chars: 1 };
        mistakes.error_with_help(
            span,
            "there is no `datasource`, so it is not known whether this is PostgreSQL",
            "add `datasource db { provider = \"postgresql\" }`, or name the folder of all its files",
        );
        return Datasource::default();
    };
    for other in &document.datasources[1..] {
        mistakes.error(other.name.span, "there is more than one `datasource`");
    }
    let mut datasource = Datasource {
        name: config.name.text.clone(),
        default_schema: "public".to_owned(),
        foreign_keys: true,
        ..Datasource::default()
    };
    let mut seen: Vec<&str> = Vec::new();
    for (key, value) in &config.entries {
        if seen.contains(&&*key.text) {
            mistakes.error(key.span, format!("`{}` is set twice", key.text));
            continue;
        }
        seen.push(&key.text);
        entry(&mut datasource, &key.text, key.span, value, mistakes);
    }
    if !seen.contains(&"provider") && !config.broken {
        mistakes.error(config.name.span, "the `datasource` has no `provider`");
    }
    datasource
}

fn entry(
    datasource: &mut Datasource,
    key: &str,
    span: Span,
    value: &Expression,
    mistakes: &mut Mistakes<'_>,
) {
    match key {
        "provider" => provider(value, mistakes),
        "url" => {
            if let Value::Text(url) = &value.value
                && let Some(schema) = schema_of_url(url)
            {
                datasource.default_schema = schema;
            }
        }
        "directUrl" | "shadowDatabaseUrl" => {}
        "relationMode" | "referentialIntegrity" => match &value.value {
            Value::Text(mode) if mode == "prisma" => datasource.foreign_keys = false,
            Value::Text(mode) if mode == "foreignKeys" => {}
            _ => mistakes
                .error(value.span, format!("`{key}` is \"foreignKeys\" or \"prisma\", in quotes")),
        },
        "schemas" => {
            for item in items(value) {
                match &item.value {
                    Value::Text(schema) if datasource.schemas.contains(schema) => {
                        mistakes
                            .error(item.span, format!("schema {} is listed twice", shown(schema)));
                    }
                    Value::Text(schema) if !schema.is_empty() => {
                        datasource.schemas.push(schema.clone());
                    }
                    _ => mistakes.error(item.span, "a schema is a string"),
                }
            }
            if items(value).is_empty() {
                mistakes.error(value.span, "`schemas` lists no schema");
            }
        }
        "extensions" => {
            for item in items(value) {
                datasource.extensions.extend(extension(item, mistakes));
            }
        }
        _ => mistakes.unknown(span, format!("a `datasource` has no key `{key}`"), key, KEYS),
    }
}

fn provider(value: &Expression, mistakes: &mut Mistakes<'_>) {
    let Value::Text(provider) = &value.value else {
        let message = format!("`provider` is a string, not {}", value.value.phrase());
        return mistakes.error(value.span, message);
    };
    if PROVIDERS.contains(&&**provider) {
        return;
    }
    if OTHER_PROVIDERS.contains(&&**provider) {
        return mistakes.error(
            value.span,
            format!("the schema is for `{provider}`; Schemawarden audits PostgreSQL"),
        );
    }
    let message = "this `provider` is not known; it must be \"postgresql\"";
    mistakes.unknown(value.span, message, provider, PROVIDERS);
}

/// The `schema` parameter of a URL that is written out. Prisma makes its tables there.
fn schema_of_url(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let schema = query.split('&').find_map(|it| it.strip_prefix("schema="))?;
    let schema = percent_encoding::percent_decode_str(schema).decode_utf8().ok()?;
    (!schema.is_empty()).then(|| schema.into_owned())
}

/// `name` or `name(map: "…", schema: "…", version: "…")`.
fn extension(item: &Expression, mistakes: &mut Mistakes<'_>) -> Option<Extension> {
    let (name, arguments) = match &item.value {
        Value::Constant(name) => (name, &[][..]),
        Value::Function(name, arguments) => (name, &arguments[..]),
        _ => {
            mistakes.error(item.span, "an extension is a word");
            return None;
        }
    };
    // The empty name keeps an argument without a name from being one of the others.
    let known = ["", "map", "schema", "version"];
    let of = format!("extension `{name}`");
    let given = Arguments::named(of, item.span, arguments, &known, mistakes);
    let owned = |it: Option<&str>| it.map(str::to_owned);
    Some(Extension {
        name: given.text("map", mistakes).unwrap_or(name).to_owned(),
        schema: owned(given.text("schema", mistakes)),
        version: owned(given.text("version", mistakes)),
    })
}

/// Says which preview features of a generator are not known: what they would change is not known
/// either.
fn features(generator: &Config, mistakes: &mut Mistakes<'_>) {
    for (key, value) in &generator.entries {
        if key.text != "previewFeatures" {
            continue;
        }
        for item in items(value) {
            if let Value::Text(feature) = &item.value
                && !FEATURES.contains(&&**feature)
            {
                mistakes.warn(
                    item.span,
                    format!("preview feature {} is not known here", shown(feature)),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::schema_of_url;

    #[test]
    fn a_url_may_name_a_schema() {
        for (url, want) in [
            ("postgres://h/d?schema=billing", Some("billing")),
            ("postgres://h/d?a=b&schema=a%20b&c=d", Some("a b")),
            ("postgres://h/d?schema=", None),
            ("postgres://h/d", None),
            ("schema=x", None),
        ] {
            assert_eq!(schema_of_url(url).as_deref(), want, "{url}");
        }
    }
}
