//! One statement: which it is, and what it does.

use sqlparser::tokenizer::Token;
use sqlparser::tokenizer::TokenWithSpan;

use crate::schema::Extension;
use crate::schema::Name;
use crate::schema::RelationKind;

use super::alter;
use super::drop;
use super::enumeration;
use super::index;
use super::kind::kind_of;
use super::rename;
use super::sequence;
use super::state::Relation;
use super::state::State;
use super::state::missing;
use super::table;
use super::table::Asked;
use super::tokens::Cursor;
use super::tokens::Problem;
use super::tokens::at_commas;
use super::view;

/// What came of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// It is of no interest: the kind, as a warning names it.
    PassedOver(String),
}

/// Statements that change nothing that is looked at, and of which nobody needs to hear.
const SESSION: [&str; 17] = [
    "BEGIN",
    "START",
    "COMMIT",
    "END",
    "SAVEPOINT",
    "RELEASE",
    "RESET",
    "SHOW",
    "ANALYZE",
    "VACUUM",
    "LOCK",
    "CHECKPOINT",
    "DISCARD",
    "LISTEN",
    "NOTIFY",
    "EXPLAIN",
    "COPY",
];

/// Does what a statement says.
pub(super) fn run(state: &mut State, tokens: &[TokenWithSpan]) -> Result<Outcome, Problem> {
    let words = tokens.iter().take(8).map_while(|it| match &it.token {
        Token::Word(it) if it.quote_style.is_none() => Some(it.value.to_uppercase()),
        _ => None,
    });
    let words: Vec<String> = words.collect();
    let mut rest = Cursor::new(tokens);
    let Some(first) = words.first() else {
        return Err(rest.unexpected("a statement"));
    };
    if first == "SET" {
        set(state, rest)?;
        return Ok(Outcome::Done);
    }
    if first == "SELECT" || first == "WITH" {
        return select(state, tokens);
    }
    if first == "IMPORT" {
        return Err(Problem::new("what `import foreign schema` brings is known to a server alone"));
    }
    if SESSION.contains(&first.as_str()) {
        if first == "RESET" && words.iter().any(|it| it == "SEARCH_PATH" || it == "ALL") {
            state.search_path = state.home_path();
        }
        return Ok(Outcome::Done);
    }
    if let Some(kind) = kind_of(&words) {
        return Ok(Outcome::PassedOver(kind));
    }
    rest.skip();
    match first.as_str() {
        "CREATE" => create(state, tokens, rest)?,
        "ALTER" => return alter_any(state, rest),
        "DROP" => drop_any(state, rest)?,
        _ => return Err(rest.unexpected("a statement")),
    }
    Ok(Outcome::Done)
}

fn create(
    state: &mut State,
    tokens: &[TokenWithSpan],
    mut rest: Cursor<'_>,
) -> Result<(), Problem> {
    let replace = rest.words(&["or", "replace"]);
    let _ = rest.word("global") || rest.word("local");
    let temporary = rest.word("temporary") || rest.word("temp");
    let unlogged = rest.word("unlogged");
    if rest.word("table") {
        let asked = Asked { kind: RelationKind::Table, temporary, unlogged };
        return table::create(state, asked, rest);
    }
    if rest.words(&["foreign", "table"]) {
        let asked = Asked { kind: RelationKind::ForeignTable, temporary, unlogged };
        return table::create(state, asked, rest);
    }
    if rest.word("recursive") {
        return Err(Problem::new("`create recursive view` is not understood")
            .with_help("write `create view … as with recursive …`"));
    }
    if rest.word("view") {
        return view::create(state, RelationKind::View, replace, temporary, rest);
    }
    if rest.words(&["materialized", "view"]) {
        return view::create(state, RelationKind::MaterializedView, replace, temporary, rest);
    }
    rest.word("unique");
    if rest.word("index") {
        return index::create(state, tokens);
    }
    if rest.word("sequence") {
        return sequence::create(state, temporary, rest);
    }
    if rest.word("type") {
        return enumeration::create(state, rest);
    }
    if rest.word("domain") {
        return enumeration::create_domain(state, rest);
    }
    if rest.word("schema") {
        return create_schema(state, rest);
    }
    if rest.word("extension") {
        return create_extension(state, rest);
    }
    Err(rest.unexpected("what to create"))
}

fn create_schema(state: &mut State, mut rest: Cursor<'_>) -> Result<(), Problem> {
    let if_not_exists = rest.words(&["if", "not", "exists"]);
    let name = if rest.word("authorization") {
        rest.name()?
    } else {
        let name = rest.name()?;
        if rest.word("authorization") {
            rest.skip();
        }
        name
    };
    if !rest.is_at_end() {
        let problem = rest.unexpected("the end of the statement");
        return Err(problem.with_help("write what the schema holds in statements of their own"));
    }
    let new = state.schemas.insert(Name::from(name.as_str()));
    if new || if_not_exists || name == "public" {
        return Ok(());
    }
    Err(Problem::new(format!("schema `{name}` is there already")))
}

fn create_extension(state: &mut State, mut rest: Cursor<'_>) -> Result<(), Problem> {
    let if_not_exists = rest.words(&["if", "not", "exists"]);
    let name = Name::from(rest.name()?.as_str());
    let path = state.search_path.iter().map(|it| Name::from(it.as_str()));
    let schema = path.into_iter().find(|it| state.schemas.contains(it));
    let mut extension = Extension { schema, version: None };
    rest.word("with");
    while !rest.is_at_end() {
        if rest.word("schema") {
            extension.schema = Some(Name::from(rest.name()?.as_str()));
        } else if rest.word("version") {
            extension.version = Some(rest.text().or_else(|_| rest.name())?);
        } else if !rest.word("cascade") {
            return Err(rest.unexpected("`schema`, `version` or `cascade`"));
        }
    }
    if state.extensions.contains_key(&name) {
        let message = format!("extension `{name}` is there already");
        return if if_not_exists { Ok(()) } else { Err(Problem::new(message)) };
    }
    state.extensions.insert(name, extension);
    Ok(())
}

fn alter_any(state: &mut State, mut rest: Cursor<'_>) -> Result<Outcome, Problem> {
    if super::tokens::find_word(rest.rest(), "owner")
        .is_some_and(|at| Cursor::new(&rest.rest()[at..]).words(&["owner", "to"]))
        && at_commas(rest.rest()).len() == 1
    {
        return Ok(Outcome::PassedOver("ALTER … OWNER TO".to_owned()));
    }
    if rest.words(&["foreign", "table"]) || rest.word("table") {
        alter::alter(state, rest)?;
    } else if rest.word("type") {
        enumeration::alter(state, rest)?;
    } else if rest.word("domain") {
        return Ok(Outcome::PassedOver("ALTER DOMAIN".to_owned()));
    } else if rest.word("schema") {
        let old = rest.name()?;
        if rest.words(&["rename", "to"]) {
            rename::schema(state, &old, &rest.name()?)?;
        }
    } else if rest.word("extension") {
        let name = Name::from(rest.name()?.as_str());
        let schema = if rest.words(&["set", "schema"]) { Some(rest.name()?) } else { None };
        let extension = state.extensions.get_mut(&name);
        let extension = extension.ok_or_else(|| missing("extension", &name.visible()))?;
        if let Some(schema) = schema {
            extension.schema = Some(Name::from(schema.as_str()));
        }
    } else {
        alter_relation(state, rest)?;
    }
    Ok(Outcome::Done)
}

/// `alter index`, `alter sequence`, `alter view`, `alter materialized view`.
fn alter_relation(state: &mut State, mut rest: Cursor<'_>) -> Result<(), Problem> {
    let sequence = rest.word("sequence");
    let known = sequence
        || rest.word("index")
        || rest.word("view")
        || rest.words(&["materialized", "view"]);
    if !known {
        return Err(rest.unexpected("what to alter"));
    }
    if rest.words(&["all", "in"]) {
        return Ok(());
    }
    let if_exists = rest.words(&["if", "exists"]);
    let parts = rest.parts()?;
    let Some(name) = state.relation(&parts) else {
        return if if_exists { Ok(()) } else { Err(missing("relation", &parts.join("."))) };
    };
    if rest.words(&["rename", "to"]) {
        let mut new = name.clone();
        new.name = Name::from(rest.name()?.as_str());
        return rename::relation(state, &name, &new);
    }
    if rest.words(&["set", "schema"]) {
        let schema = rest.name()?;
        return rename::into_schema(state, &name, &schema);
    }
    let options = ["logged", "unlogged"];
    let persistence = options.iter().any(|it| rest.words(&["set", it]));
    if sequence && !persistence && matches!(state.relations[&name], Relation::Sequence { .. }) {
        return sequence::alter(state, &name, rest);
    }
    Ok(())
}

fn drop_any(state: &mut State, mut rest: Cursor<'_>) -> Result<(), Problem> {
    for (words, what) in [
        (&["table"][..], "table"),
        (&["foreign", "table"], "foreign table"),
        (&["view"], "view"),
        (&["materialized", "view"], "materialized view"),
        (&["index"], "index"),
        (&["sequence"], "sequence"),
        (&["type"], "type"),
        (&["domain"], "domain"),
        (&["schema"], "schema"),
        (&["extension"], "extension"),
    ] {
        if rest.words(words) {
            return drop::all(state, what, rest);
        }
    }
    Err(rest.unexpected("what to drop"))
}

/// `set [session | local] search_path = …`; every other setting is of no interest.
fn set(state: &mut State, mut rest: Cursor<'_>) -> Result<(), Problem> {
    rest.skip();
    let _ = rest.word("session") || rest.word("local");
    if rest.word("schema") {
        state.search_path = vec![rest.text()?];
        return Ok(());
    }
    if !rest.word("search_path") {
        return Ok(());
    }
    let _ = rest.word("to") || rest.symbol(&Token::Eq);
    if rest.word("default") {
        state.search_path = state.home_path();
        return Ok(());
    }
    let mut path = Vec::new();
    for item in at_commas(rest.rest()) {
        let mut item = Cursor::new(item);
        path.push(item.text().or_else(|_| item.name())?);
    }
    state.search_path = without_special(path);
    Ok(())
}

fn without_special(path: Vec<String>) -> Vec<String> {
    path.into_iter().filter(|it| !it.is_empty() && it != "$user" && it != "pg_catalog").collect()
}

/// A query changes nothing but where it sets the search path or makes a table.
fn select(state: &mut State, tokens: &[TokenWithSpan]) -> Result<Outcome, Problem> {
    let is =
        |at: usize, word: &str| super::tokens::is_word(tokens.get(at).map(|it| &it.token), word);
    let behind = |at: usize| at > 0 && (is(at - 1, "insert") || is(at - 1, "merge"));
    if (0..tokens.len()).any(|at| is(at, "into") && !behind(at)) {
        return Err(Problem::new(
            "the columns of a table made from a query are known to a server alone",
        )
        .with_help("use `import sql --via-scratch`, or write the columns"));
    }
    let sets = tokens.iter().position(|it| super::tokens::is_word(Some(&it.token), "set_config"));
    let Some(at) = sets else { return Ok(Outcome::Done) };
    let mut rest = Cursor::new(&tokens[at + 1..]);
    let arguments = at_commas(rest.group()?);
    let text = |at: usize| arguments.get(at).and_then(|it| Cursor::new(it).text().ok());
    if text(0).as_deref() == Some("search_path")
        && let Some(value) = text(1)
    {
        let path = value.split(',').map(|it| it.trim().trim_matches('"').to_owned());
        state.search_path = without_special(path.collect());
    }
    Ok(Outcome::Done)
}
