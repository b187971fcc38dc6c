//! What the YAML parser refuses, in words that say what to do.

use std::path::Path;

use serde_yaml::Error;
use serde_yaml::ExternalMessageSource;
use serde_yaml::MessageFormatter;
use serde_yaml::UserMessageFormatter;
use serde_yaml::granit_parser::ErrorKind;

use super::Mistake;
use super::Position;
use super::tree::MAX_DEPTH;
use super::tree::MAX_NODES;

const TAB: &str = "a tab";

/// The parser's error as a mistake. The parser's words hold no text of the document beyond single
/// characters and tags.
pub(super) fn explain(path: &Path, text: &str, error: &Error) -> Mistake {
    let at = error.location().filter(|it| it.line() > 0).map(|it| Position {
        line: u32::try_from(it.line()).unwrap_or(u32::MAX),
        column: u32::try_from(it.column()).unwrap_or(u32::MAX),
    });
    let line = at.and_then(|it| text.lines().nth(it.line as usize - 1)).unwrap_or_default();
    let (message, help) = words(line, innermost(error));
    let at = if message == TAB { at.map(|it| tab_from(text, it)) } else { at };
    let mistake = Mistake::new(path, at, "", message);
    match help {
        Some(help) => mistake.with_help(help),
        None => mistake,
    }
}

/// The tab itself: the parser points behind it, or at the end of the line before.
fn tab_from(text: &str, at: Position) -> Position {
    let lines = text.lines().zip(1..).skip_while(|(_, number)| *number < at.line);
    lines
        .filter_map(|(line, number)| Some((number, line.chars().position(|c| c == '\t')?)))
        .find_map(|(line, before)| Some(Position { line, column: u32::try_from(before + 1).ok()? }))
        .unwrap_or(at)
}

fn innermost(mut error: &Error) -> &Error {
    while let Error::AliasError { error: inner, .. } | Error::WithSnippet { error: inner, .. } =
        error
    {
        error = inner;
    }
    error
}

fn words(line: &str, error: &Error) -> (String, Option<&'static str>) {
    match error {
        Error::MultipleDocuments { .. } => {
            ("a second document begins here".to_owned(), Some("keep one document in a file"))
        }
        Error::UnknownAnchor { .. } => (
            "an alias of an anchor that is not defined before".to_owned(),
            Some("a value that begins with * must be quoted"),
        ),
        Error::Budget { .. } if too_deep(error) => {
            (format!("nested more than {MAX_DEPTH} levels deep"), None)
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => (
            format!(
                "larger than this program reads ({MAX_NODES} values) once aliases are expanded"
            ),
            Some("use fewer aliases, or split the file"),
        ),
        Error::UnsupportedTag { .. } => (
            "a tag that is not supported here".to_owned(),
            Some("remove the word that begins with !"),
        ),
        Error::ExternalMessage { source, msg, .. } => match source.as_ref() {
            ExternalMessageSource::Parser(error) => parser_words(line, error.kind()),
            _ => (msg.clone(), None),
        },
        other => (UserMessageFormatter.format_message(other).into_owned(), None),
    }
}

fn too_deep(error: &Error) -> bool {
    use serde_yaml::budget::BudgetBreach;
    matches!(error, Error::Budget { breach: BudgetBreach::Depth { .. }, .. })
}

fn parser_words(line: &str, kind: &ErrorKind) -> (String, Option<&'static str>) {
    let unquoted_variable = line.contains("${") && line.contains(['{', '[']);
    let indented_by_tab = line.trim_start_matches(' ').starts_with('\t');
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => {
            (TAB.to_owned(), Some("YAML is indented with spaces only"))
        }
        _ if indented_by_tab => (TAB.to_owned(), Some("YAML is indented with spaces only")),
        ErrorKind::RecursionLimitExceeded => {
            (format!("nested more than {MAX_DEPTH} levels deep"), None)
        }
        kind if unquoted_variable => (
            format!("not YAML: {kind}"),
            Some("inside { } or [ ], a value with ${…} must be quoted: \"${NAME}\""),
        ),
        kind @ (ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey) => (
            format!("not YAML: {kind}"),
            Some("a key is followed by a colon and a space; check this line and the one above"),
        ),
        kind @ (ErrorKind::UnclosedQuotedScalar
        | ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::MismatchedFlowCollectionEnd { .. }) => {
            (format!("not YAML: {kind}"), Some("every quote and bracket that opens must close"))
        }
        kind @ (ErrorKind::MappingValueNotAllowed
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidIndentation) => (
            format!("not YAML: {kind}"),
            Some("keys of one level are indented alike; a value that holds `: ` must be quoted"),
        ),
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            (format!("a control character, U+{:04X}", u32::from(*character)), None)
        }
        kind @ (ErrorKind::UnexpectedCharacter { .. } | ErrorKind::ExpectedNodeContent) => (
            format!("not YAML: {kind}"),
            Some("a value that begins with one of * & ! | > % @ ` { [ must be quoted"),
        ),
        kind => (format!("not YAML: {kind}"), None),
    }
}
