//! From files to definitions: statement after statement, with a mistake for each that is not
//! understood, and one warning for each kind that was passed over.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::thread;

use crate::schema::Definitions;
use crate::yaml::Mistake;
use crate::yaml::Position;

use super::alter::UNKNOWN_TABLE;
use super::connected;
use super::connected::Connected;
use super::files::files;
use super::kind::kind_of_text;
use super::risk::risk;
use super::split::Found;
use super::split::Piece;
use super::split::split;
use super::split::within;
use super::state::State;
use super::statement;
use super::statement::Outcome;
use super::tokens::Problem;
use super::tokens::tokens;
use super::up_only::UpOnly;

/// Mistakes told of one import. A file in another language has one in each line.
const MISTAKES_MAX: usize = 100;

/// A tree of operators is built and taken down by recursion: room for as many as a statement may have.
const STACK_BYTES: usize = 512 * 1024 * 1024;
const OPERATORS_MAX: usize = 100_000;

/// A text with the file that it is from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub path: &'a Path,
    pub text: &'a str,
}

/// Reads a file, or the `*.sql` files of a folder in the order of their names. Also returns warnings;
/// where anything that may concern a relation was not understood, returns what that was.
pub fn read(path: &Path) -> Result<(Definitions, Vec<Mistake>), Vec<Mistake>> {
    on_large_stack(|| {
        let failed = |error: &io::Error| vec![unreadable(path, error)];
        let files = files(path).map_err(|error| failed(&error))?;
        if files.is_empty() {
            let message = "there is no `*.sql` file in it";
            return Err(vec![Mistake::new(path, None, "", message)]);
        }
        let mut import = Import::new();
        for file in files {
            import.open(&file);
        }
        import.end()
    })
}

/// The same of texts.
pub fn import(sources: &[Source<'_>]) -> Result<(Definitions, Vec<Mistake>), Vec<Mistake>> {
    on_large_stack(|| {
        let mut import = Import::new();
        for source in sources {
            import.file(source.path, source.text.as_bytes());
        }
        import.end()
    })
}

type Imported = Result<(Definitions, Vec<Mistake>), Vec<Mistake>>;

pub(super) fn on_large_stack<T: Send>(
    work: impl FnOnce() -> Result<T, Vec<Mistake>> + Send,
) -> Result<T, Vec<Mistake>> {
    let failed = |message: &str| Err(vec![Mistake::new(Path::new(""), None, "", message)]);
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(STACK_BYTES);
        match builder.spawn_scoped(scope, work) {
            Ok(thread) => thread.join().unwrap_or_else(|_| failed("the import broke off")),
            Err(error) => failed(&format!("cannot start a thread: {error}")),
        }
    })
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> Mistake {
    Mistake::new(path, None, "", format!("cannot be read: {error}"))
}

pub(super) struct Import {
    pub(super) state: State,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<Mistake>,
    /// Kinds that were passed over: how many, and where the first was.
    pub(super) passed: BTreeMap<String, (usize, PathBuf, Position)>,
    connected: Connected,
    /// What follows is about another database.
    over: bool,
    /// Whoever judges what the statements would do wants to know of each that is not followed.
    pub(super) unfollowed: Option<Vec<Mistake>>,
}

impl Import {
    fn new() -> Self {
        Self::over(State::new())
    }

    /// Begins with a database as it is.
    pub(super) fn over(state: State) -> Self {
        Self {
            state,
            mistakes: Vec::new(),
            warnings: Vec::new(),
            passed: BTreeMap::new(),
            connected: Connected::default(),
            over: false,
            unfollowed: None,
        }
    }

    pub(super) fn open(&mut self, file: &Path) {
        match File::open(file) {
            Ok(open) => self.file(file, BufReader::new(open)),
            Err(error) => self.mistakes.push(unreadable(file, &error)),
        }
    }

    fn file(&mut self, path: &Path, mut reader: impl BufRead) {
        match reader.fill_buf() {
            Ok(start) if start.starts_with(b"PGDMP") => {
                let message = "this is a dump in pg_dump's own format, not SQL";
                let help = "dump with `--format=plain`, or turn it into SQL with `pg_restore -f`";
                self.mistakes.push(Mistake::new(path, None, "", message).with_help(help));
                return;
            }
            _ => {}
        }
        // Each file is read in a session of its own.
        self.state.search_path = self.state.home_path();
        let reader = UpOnly::new(reader);
        let read = split(reader, &mut |found| self.found(path, found));
        if let Err(error) = read {
            self.mistakes.push(unreadable(path, &error));
        }
    }

    fn found(&mut self, path: &Path, found: Found) {
        if self.over {
            return;
        }
        match found {
            Found::Statement(piece) => self.statement(path, &piece),
            Found::ForPsql { word, rest, at } => self.for_psql(path, &word, &rest, at),
            Found::NotUtf8 { at } => {
                let help = "convert the file; a dump of a database of encoding SQL_ASCII is in \
                            whatever its clients wrote: use `pg_dump --encoding=UTF8`";
                self.wrong(Mistake::new(path, Some(at), "", "this is not UTF-8").with_help(help));
            }
            Found::Nul { at } => {
                let help = "is this a file in UTF-16? Convert it to UTF-8";
                let message = "a byte of value zero cannot be part of SQL";
                self.wrong(Mistake::new(path, Some(at), "", message).with_help(help));
            }
            Found::EndsInside { what, at } => {
                let message = format!("the file ends early: inside of {what}");
                let help = "is the file complete?";
                self.wrong(Mistake::new(path, Some(at), "", message).with_help(help));
            }
        }
    }

    /// Lines for psql are passed over, but for those that bring other SQL.
    fn for_psql(&mut self, path: &Path, word: &str, rest: &str, at: Position) {
        match word {
            "\\i" | "\\ir" | "\\include" | "\\include_relative" | "\\gexec" => {
                let message = format!("`{word}` is for psql, and brings SQL that is not read here");
                let help = "put the files into a folder in their order, and name that";
                self.wrong(Mistake::new(path, Some(at), "", message).with_help(help));
            }
            "\\connect" | "\\c" => {
                self.state.search_path = self.state.home_path();
                let made_something = !self.state.relations.is_empty();
                if let Some(message) = self.connected.follow(rest, made_something) {
                    let mistake = Mistake::new(path, Some(at), "", message);
                    self.wrong(mistake.with_help(connected::HELP));
                    self.over = true;
                }
            }
            "\\!" => self.unfollowed(path, at, "`\\!` runs a command of the shell"),
            _ => {}
        }
    }

    fn unfollowed(&mut self, path: &Path, at: Position, why: &str) {
        let unfollowed = self.unfollowed.iter_mut();
        unfollowed.for_each(|it| it.push(Mistake::new(path, Some(at), "", why)));
    }

    /// Whether a statement may do something that is not followed.
    fn look_at(&mut self, path: &Path, piece: &Piece, kind: &str) {
        if self.unfollowed.is_some()
            && let Some(why) = risk(kind, &piece.text)
        {
            self.unfollowed(path, piece.at, &why);
        }
    }

    fn statement(&mut self, path: &Path, piece: &Piece) {
        if let Some(kind) = kind_of_text(&piece.text) {
            self.look_at(path, piece, &kind);
            if ["ROLLBACK", "ABORT"].contains(&kind.as_str()) {
                let message =
                    format!("{kind} takes back what came before, which is not followed here");
                let mistake = Mistake::new(path, Some(piece.at), "", message);
                let help =
                    "take it out with what it takes back; or let a server run it: `--via-scratch`";
                self.wrong(mistake.with_help(help));
                return;
            }
            if !piece.cut && SETTING.contains(&kind.as_str()) {
                self.takes(path, piece);
                return;
            }
            self.hides(path, piece, &kind);
            self.pass(path, piece, kind);
            return;
        }
        if piece.cut {
            let message = "this statement is too long to be read";
            self.wrong(Mistake::new(path, Some(piece.at), "", message));
            return;
        }
        self.takes(path, piece);
    }

    /// Does a statement, or says why not.
    fn takes(&mut self, path: &Path, piece: &Piece) {
        self.look_at(path, piece, "ALTER TABLE");
        let done = tokens(&piece.text).and_then(|tokens| {
            if tokens.len() > OPERATORS_MAX {
                return Err(Problem::new("this statement has too many parts to be read"));
            }
            statement::run(&mut self.state, &tokens)
        });
        match done {
            Ok(Outcome::Done) => {
                for kind in std::mem::take(&mut self.state.passed_over) {
                    if kind.ends_with("CASCADE") || kind == UNKNOWN_TABLE {
                        let why = format!("what {kind} takes along is not known");
                        self.unfollowed(path, piece.at, &why);
                    }
                    self.pass(path, piece, kind);
                }
            }
            Ok(Outcome::PassedOver(kind)) => {
                self.look_at(path, piece, &kind);
                self.pass(path, piece, kind);
            }
            Err(problem) => {
                let mistake = Self::mistake(path, piece, problem);
                self.wrong(mistake);
            }
        }
    }

    fn pass(&mut self, path: &Path, piece: &Piece, kind: String) {
        if SILENT.contains(&kind.as_str()) {
            return;
        }
        let entry = self.passed.entry(kind);
        entry.or_insert_with(|| (0, path.to_owned(), piece.at)).0 += 1;
    }

    /// A body that may make tables is not executed, and somebody should know.
    fn hides(&mut self, path: &Path, piece: &Piece, kind: &str) {
        if !["DO", "CREATE FUNCTION", "CREATE PROCEDURE"].contains(&kind) {
            return;
        }
        let lower = piece.text.to_lowercase();
        let words: Vec<&str> = lower
            .split(|it: char| !it.is_alphanumeric() && it != '_')
            .filter(|it| !it.is_empty())
            .collect();
        let verb = words.windows(4).find_map(|it| {
            let makes = ["create", "alter", "drop"].contains(&it[0]);
            (makes && it[1..].contains(&"table")).then_some(it[0])
        });
        let Some(verb) = verb else { return };
        let message = format!("`{verb} table` in the body of {kind} is not executed");
        let mistake = Mistake::new(path, Some(piece.at), "", message);
        let help = "what it does to tables is missing from what was read";
        self.warnings.push(mistake.with_help(help));
    }

    fn mistake(path: &Path, piece: &Piece, problem: Problem) -> Mistake {
        let end = within(piece.at, &piece.text);
        let at = problem.at.filter(|it| it.line > 0).map(|it| {
            let (line, column) = (saturating(it.line), saturating(it.column));
            let first = line == 1;
            Position {
                line: piece.at.line + line - 1,
                column: if first { piece.at.column + column - 1 } else { column },
            }
        });
        let at = at.unwrap_or(piece.at).min(end);
        let mut message = problem.message;
        if !piece.ended {
            message = format!("the file ends in the middle of a statement: {message}");
        }
        let mistake = Mistake::new(path, Some(at), "", message);
        let mistake = match problem.help {
            Some(help) => mistake.with_help(help),
            None => mistake,
        };
        // The lines before the statement are gone; empty ones keep its place.
        let lines = "\n".repeat(piece.at.line.saturating_sub(1) as usize);
        let columns = " ".repeat(piece.at.column.saturating_sub(1) as usize);
        mistake.with_excerpt(&format!("{lines}{columns}{}", piece.text), 1)
    }

    fn wrong(&mut self, mistake: Mistake) {
        if self.mistakes.len() < MISTAKES_MAX {
            self.mistakes.push(mistake);
        } else if self.mistakes.len() == MISTAKES_MAX {
            let message = format!("more than {MISTAKES_MAX} mistakes; the rest is left out");
            self.mistakes.push(Mistake::new(&mistake.path, None, "", message));
        }
    }

    fn end(self) -> Imported {
        if !self.mistakes.is_empty() {
            return Err(self.mistakes);
        }
        let mut warnings = self.warnings;
        for (kind, (count, path, at)) in self.passed {
            let times = if count == 1 { "one".to_owned() } else { count.to_string() };
            let lead = if DECLARABLE.contains(&kind.as_str()) { NOT_READ } else { OF_NO_INTEREST };
            let message = format!("{lead}: {kind} ({times})");
            warnings.push(Mistake::new(&path, Some(at), "", message));
        }
        Ok((self.state.into_definitions(), warnings))
    }
}

/// What a manifest could declare, and what only a server can tell of SQL.
const DECLARABLE: [&str; 13] = [
    "CREATE TRIGGER",
    "CREATE POLICY",
    "ALTER POLICY",
    "CREATE FUNCTION",
    "CREATE PROCEDURE",
    "CREATE AGGREGATE",
    "CREATE EVENT TRIGGER",
    "CREATE RULE",
    "GRANT",
    "REVOKE",
    "ALTER … OWNER TO",
    "ALTER TABLE … ROW LEVEL SECURITY",
    "ALTER TABLE … TRIGGER",
];
const NOT_READ: &str = "not read from SQL, and so not declared";
const OF_NO_INTEREST: &str = "passed over, as it says nothing of tables";

/// Whether a warning only counts statements that nothing was taken from.
#[must_use]
pub fn is_count(warning: &Mistake) -> bool {
    [NOT_READ, OF_NO_INTEREST].iter().any(|it| warning.message.starts_with(it))
}

/// Statements that may set the search path or make a table after all.
const SETTING: [&str; 5] = ["SET", "RESET", "SELECT", "WITH", "IMPORT"];

/// What every dump holds and nobody needs to hear of.
const SILENT: [&str; 19] = [
    "SET",
    "SELECT",
    "WITH",
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
    "COPY",
];

fn saturating(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
