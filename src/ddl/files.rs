//! Which files are read, and in which order: that of their names, in which numbers count as numbers.
//!
//! Knows the layouts of migration tools: `migrations/NAME/migration.sql` (Prisma), `NAME/up.sql` beside
//! `down.sql` (Diesel), `*.up.sql` beside `*.down.sql` (golang-migrate, sqlx), `V1__x.sql` with `U1__x.sql`
//! to undo and `R__x.sql` to repeat (Flyway).

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// More files than this are not migrations.
const FILES_MAX: usize = 20_000;

/// The files that `path` means, in the order to read them in.
///
/// # Errors
///
/// Where it cannot be read, or holds too many.
pub fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in sorted(path)? {
        if entry.is_dir() {
            found.extend(sorted(&entry)?.into_iter().filter(|it| it.is_file() && counts(it)));
        } else if counts(&entry) {
            found.push(entry);
        }
        if found.len() > FILES_MAX {
            return Err(io::Error::other(format!("more than {FILES_MAX} files")));
        }
    }
    Ok(found)
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        entries.push(entry?.path());
    }
    entries.sort_by_cached_key(|it| {
        let name = file_name(it);
        (name.starts_with("R__"), natural(&name), name)
    });
    Ok(entries)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether a file says what to do, not how to undo it.
fn counts(path: &Path) -> bool {
    let name = file_name(path);
    let lower = name.to_ascii_lowercase();
    let stem = lower.trim_end_matches(".sql");
    let flyway = name.starts_with('U') && lower[1..].starts_with(|it: char| it.is_ascii_digit());
    let undo = flyway || stem == "down" || [".down", "_down"].iter().any(|it| stem.ends_with(it));
    let sql = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("sql"));
    sql && !name.starts_with('.') && !undo
}

/// A name as its words and numbers: `V2` comes before `V10`.
fn natural(name: &str) -> Vec<(u128, String)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text_end = rest.find(|it: char| it.is_ascii_digit()).unwrap_or(rest.len());
        let (text, behind) = rest.split_at(text_end);
        let end = behind.find(|it: char| !it.is_ascii_digit()).unwrap_or(behind.len());
        let (digits, behind) = behind.split_at(end);
        parts.push((0, text.to_owned()));
        parts.push((digits.parse().unwrap_or(u128::MAX), String::new()));
        rest = behind;
    }
    parts
}
