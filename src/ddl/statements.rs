//! The statements of files, for whoever runs them on a server instead of reading them here.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;

use super::connected;
use super::connected::Connected;
use super::files::files;
use super::import::unreadable;
use super::kind::kind_of_text;
use super::split::Found;
use super::split::split;
use super::up_only::UpOnly;
use crate::yaml::Mistake;
use crate::yaml::Position;

/// One statement with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runnable {
    pub path: PathBuf,
    pub at: Position,
    /// Without its semicolon.
    pub text: String,
    /// What it is, where its first words tell that it concerns no relation: `INSERT`, `CREATE ROLE`.
    pub kind: Option<String>,
}

/// The statements of a file, or of the `*.sql` files of a folder in the order of their names. Left out is
/// the data of `copy … from stdin`, and lines for psql.
///
/// # Errors
///
/// Files that cannot be read, that end inside of a statement's quotes, or that are not UTF-8; and lines for
/// psql that bring other SQL.
pub fn statements(path: &Path) -> Result<Vec<Runnable>, Vec<Mistake>> {
    let files = files(path).map_err(|error| vec![unreadable(path, &error)])?;
    if files.is_empty() {
        return Err(vec![Mistake::new(path, None, "", "there is no `*.sql` file in it")]);
    }
    let (mut runnable, mut mistakes) = (Vec::new(), Vec::new());
    let mut connected = Connected::default();
    for path in files {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) => {
                mistakes.push(unreadable(&path, &error));
                continue;
            }
        };
        let mut wrong = |at: Position, message: String| {
            mistakes.push(Mistake::new(&path, Some(at), "", message));
        };
        let read = split(UpOnly::new(BufReader::new(file)), &mut |found| match found {
            Found::Statement(piece) => {
                let kind = kind_of_text(&piece.text);
                let is = |word: &str| kind.as_deref() == Some(word);
                if is("COPY") || (piece.cut && is("INSERT")) {
                    // Only rows, which nobody asks for.
                } else if piece.cut {
                    wrong(piece.at, "this statement is too long to be read".to_owned());
                } else {
                    let (at, text) = (piece.at, piece.text);
                    runnable.push(Runnable { path: path.clone(), at, text, kind });
                }
            }
            Found::ForPsql { word, rest, at } => {
                let connects = ["\\connect", "\\c"].contains(&word.as_str());
                let made_something = runnable.iter().any(|it: &Runnable| it.kind.is_none());
                if connects && let Some(message) = connected.follow(&rest, made_something) {
                    wrong(at, format!("{message}; {}", connected::HELP));
                }
                let brings = ["\\i", "\\ir", "\\include", "\\include_relative", "\\gexec"];
                if brings.contains(&word.as_str()) {
                    wrong(
                        at,
                        format!("`{word}` is for psql, and brings SQL that is not read here"),
                    );
                }
            }
            Found::NotUtf8 { at } => wrong(at, "this is not UTF-8".to_owned()),
            Found::Nul { at } => wrong(at, "a byte of value zero cannot be part of SQL".to_owned()),
            Found::EndsInside { what, at } => {
                wrong(at, format!("the file ends early: inside of {what}"));
            }
        });
        if let Err(error) = read {
            mistakes.push(unreadable(&path, &error));
        }
    }
    if mistakes.is_empty() { Ok(runnable) } else { Err(mistakes) }
}
