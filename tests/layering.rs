//! Keeps the rules of the house that a program can check: the floors of ARCHITECTURE.md, and the
//! shape of files.
//!
//! The checks read text, not syntax. That is enough as long as code is written the way they expect
//! (one path a `use` line), and that is checked too.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Top-level modules, lowest floor first. A module may use modules of lower floors only; two modules
/// of one floor do not know each other.
const FLOORS: [&[&str]; 22] = [
    &["schema", "secret", "nearest", "progress", "failpoint", "metrics", "explain"],
    &["finding"],
    &["report"],
    &["yaml", "connection", "schedule", "backoff", "circuit", "canonical"],
    &["prisma", "ddl"],
    &["manifest"],
    &["compare", "deploy", "reset", "architecture"],
    &["diagnose"],
    &["incident", "preflight", "quarantine"],
    &["notification"],
    &["route"],
    &["silence"],
    &["policy"],
    &["config"],
    &["registry"],
    &["clock", "introspect", "store", "channel", "telemetry", "health"],
    &["demand"],
    &["audit", "delivery", "retention", "http", "timekeeper", "heartbeat", "membership"],
    &["discovery", "watch"],
    &["scheduler"],
    &["app"],
    &["cli"],
];

/// Lines of a file in `src`: above the first, it is listed; above the second, it is split.
const LINES_ASK_WHY: usize = 400;
const LINES_MAX: usize = 600;

/// Lines of `main.rs`, which only turns a result into an exit code.
const LINES_OF_MAIN_MAX: usize = 40;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] =
    ["mod", "util", "utils", "common", "types", "helper", "helpers", "manager"];

/// Files that are not ours to word.
const NOT_OURS: [&str; 3] = ["target", ".git", "Cargo.lock"];

#[test]
fn modules_use_lower_floors_only() {
    let mut violations = Vec::new();
    for file in rust_files("src") {
        let module = file.module();
        if module == "main" || module == "lib" {
            continue;
        }
        match floor_of(&module) {
            None => violations.push(format!("{}: `{module}` has no floor", file.name)),
            Some(floor) => violations.extend(uses_of_higher_floors(&file, &module, floor)),
        }
    }
    none(&violations);
}

fn uses_of_higher_floors(file: &File, module: &str, floor: usize) -> Vec<String> {
    let mut violations = Vec::new();
    for (number, line) in file.code() {
        for rest in line.split("crate::").skip(1) {
            let used: String =
                rest.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
            if used != module && floor_of(&used).is_none_or(|it| it >= floor) {
                violations.push(format!("{}:{number}: `{module}` uses `{used}`", file.name));
            }
        }
    }
    violations
}

/// `main` knows the way in and nothing behind it.
#[test]
fn main_is_short_and_uses_cli_only() {
    let files = rust_files("src");
    let main = files.iter().find(|it| it.name == "src/main.rs").expect("a binary");
    let lines = main.text.lines().count();
    assert!(lines < LINES_OF_MAIN_MAX, "src/main.rs has {lines} lines");
    for (number, line) in main.code() {
        for used in line.split("schemawarden::").skip(1) {
            assert!(used.starts_with("cli"), "src/main.rs:{number}: {line}");
        }
    }
}

/// The check of floors reads `crate::name`; a list in braces or a star would hide names from it.
#[test]
fn every_use_line_has_one_path() {
    let mut violations = Vec::new();
    for file in all_rust_files() {
        for (number, line) in file.code() {
            let path = line.strip_prefix("pub ").unwrap_or(line);
            let path = path.strip_prefix("pub(crate) ").unwrap_or(path);
            let Some(path) = path.strip_prefix("use ") else { continue };
            let star = path.ends_with("::*;") && path.starts_with("crate::");
            // `use Verdict::{…}` inside a function names variants of what is imported already.
            let list = path.contains('{') && path.starts_with(|it: char| it.is_lowercase());
            if list || star {
                violations.push(format!("{}:{number}: {line}", file.name));
            }
        }
    }
    none(&violations);
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = all_rust_files().into_iter().filter(|it| !it.text.starts_with("//! "));
    none(&silent.map(|it| it.name).collect::<Vec<_>>());
}

#[test]
fn no_file_outgrows_its_room() {
    let mut violations = Vec::new();
    for file in all_rust_files() {
        let lines = file.text.lines().count();
        if lines > LINES_MAX {
            violations.push(format!("{}: {lines} lines", file.name));
        } else if lines > LINES_ASK_WHY {
            println!("info: {} has {lines} lines; ask why", file.name);
        }
    }
    none(&violations);
}

#[test]
fn names_of_files_say_something() {
    let empty = all_rust_files().into_iter().filter(|file| {
        let name = Path::new(&file.name).file_stem().expect("a file").to_string_lossy();
        let directory = Path::new(&file.name).parent().and_then(Path::file_name);
        let directory = directory.map(|it| it.to_string_lossy()).unwrap_or_default();
        EMPTY_NAMES.contains(&&*name) || EMPTY_NAMES.contains(&&*directory)
    });
    none(&empty.map(|it| it.name).collect::<Vec<_>>());
}

/// Every module that stands in a floor and exists is built: a file without its line in `lib.rs`
/// would be checked by nobody.
#[test]
fn every_module_is_part_of_the_library() {
    let files = rust_files("src");
    let lib = files.iter().find(|it| it.name == "src/lib.rs").expect("a library");
    let left_out = files.iter().map(File::module).filter(|module| {
        let line = format!("mod {module};");
        !["lib", "main"].contains(&&**module) && !lib.code().any(|(_, it)| it.ends_with(&line))
    });
    none(&left_out.collect::<Vec<_>>());
}

/// What must work elsewhere names neither this machine nor a registry. The needles are put together
/// here so that this file does not hold them.
#[test]
fn no_file_names_a_registry_or_this_machine() {
    let hosts = [("crates", "io"), ("pypi", "org"), ("npmjs", "org"), ("npmjs", "com")]
        .map(|(name, domain)| format!("{name}.{domain}"));
    let debian = ["deb", "debian", "org"].join(".");
    let places = ["work", "farm"].map(|name| format!("/{name}/"));
    let mut violations = Vec::new();
    for file in files_under("") {
        for (index, line) in file.text.lines().enumerate() {
            let host = hosts.iter().chain([&debian]).any(|host| line.contains(host.as_str()));
            if host || places.iter().any(|place| starts_a_path(line, place)) {
                violations.push(format!("{}:{}: {line}", file.name, index + 1));
            }
        }
    }
    none(&violations);
}

/// Whether `place` stands in `line` as the beginning of a path, not as part of a longer one.
fn starts_a_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|it| !it.is_alphanumeric() && it != '_' && it != '.')
    })
}

#[test]
fn a_path_of_this_machine_is_told_from_a_longer_one() {
    let place = format!("/{}/", "work");
    for (before, starts) in
        [("", true), ("cd ", true), ("\"", true), ("a", false), (".", false), ("home_", false)]
    {
        assert_eq!(starts_a_path(&format!("{before}{place}main"), &place), starts, "{before:?}");
    }
}

#[test]
fn a_floor_does_not_know_itself_or_what_is_above() {
    for (line, violations) in [
        ("use crate::finding::Finding;", 0),
        ("use crate::report::Verdict;", 0),
        ("use crate::manifest::Manifest;", 1),
        ("use crate::connection::Connection;", 1),
        ("let x = crate::yaml::read(crate::nowhere::path());", 1),
        ("// use crate::app::App;", 0),
    ] {
        let file = File { name: "src/yaml.rs".to_owned(), text: line.to_owned() };
        let floor = floor_of("yaml").expect("it has one");
        assert_eq!(uses_of_higher_floors(&file, "yaml", floor).len(), violations, "{line}");
    }
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// A text file of the repository.
struct File {
    /// Its path from the repository's root.
    name: String,
    text: String,
}

impl File {
    /// The top-level module of a file in `src`.
    fn module(&self) -> String {
        let inside = self.name.strip_prefix("src/").expect("a file in src");
        let first = inside.split('/').next().expect("a component");
        first.trim_end_matches(".rs").to_owned()
    }

    /// Numbered lines that are not comments, without indentation.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        lines.filter(|(_, line)| !line.starts_with("//"))
    }
}

fn all_rust_files() -> Vec<File> {
    ["src", "tests", "benches"].into_iter().flat_map(rust_files).collect()
}

fn rust_files(directory: &str) -> Vec<File> {
    let is_rust = |it: &File| Path::new(&it.name).extension().is_some_and(|it| it == "rs");
    files_under(directory).into_iter().filter(is_rust).collect()
}

/// Every text file under a directory of the repository; none where it does not exist.
fn files_under(directory: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    walk(&root.join(directory), &mut paths);
    paths.sort();
    let files = paths.into_iter().filter_map(|path| {
        let name = path.strip_prefix(root).expect("under the root").to_string_lossy().into_owned();
        // What is not UTF-8 is an image, not a text.
        let text = String::from_utf8(fs::read(&path).ok()?).ok()?;
        Some(File { name, text })
    });
    files.collect()
}

fn walk(directory: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries {
        let entry = entry.expect("a readable entry");
        if NOT_OURS.iter().any(|it| entry.file_name() == *it) {
            continue;
        }
        if entry.file_type().expect("a readable entry").is_dir() {
            walk(&entry.path(), into);
        } else {
            into.push(entry.path());
        }
    }
}

#[track_caller]
fn none(violations: &[String]) {
    assert!(violations.is_empty(), "{violations:#?}");
}
