//! The files of a schema as text, and which of their lines a message may show.
//!
//! The `datasource` block holds connection URLs, often with a password in them. A message that quotes
//! such a line would carry the password into logs and tickets, so lines are shown only where that is
//! safe: see [`Source::may_show`].

use std::path::Path;
use std::path::PathBuf;

/// Keys of a `datasource` block whose values hold no secret.
const OPEN_KEYS: [&str; 6] =
    ["provider", "relationMode", "referentialIntegrity", "schemas", "extensions", "datasource"];

/// One file.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    /// With `\n` as the only end of line, and without a byte order mark.
    pub(super) text: String,
    /// By line: nothing of it may be repeated.
    hidden: Vec<bool>,
}

impl Source {
    pub(super) fn new(path: &Path, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let hidden = hidden_lines(&text);
        Self { path: path.to_owned(), text, hidden }
    }

    /// Whether a message may show this line (1-based).
    pub(super) fn may_show(&self, line: u32) -> bool {
        !self.hidden.get(line.saturating_sub(1) as usize).copied().unwrap_or(true)
    }
}

/// Which lines may hold a secret. Reads the text line by line and not by its blocks, because a file
/// that is quoted in a message is one whose blocks are broken.
fn hidden_lines(text: &str) -> Vec<bool> {
    let mut in_datasource = false;
    let mut hidden = Vec::new();
    for line in text.split('\n') {
        let word: String =
            line.trim_start().chars().take_while(char::is_ascii_alphanumeric).collect();
        match &*word {
            _ if line.contains("datasource") => in_datasource = true,
            "generator" | "model" | "view" | "enum" | "type" => in_datasource = false,
            _ => {}
        }
        let open = OPEN_KEYS.contains(&&*word) || matches!(line.trim(), "" | "}");
        let names_url = word.to_ascii_lowercase().ends_with("url");
        // Only blocks of settings have `=`, and what stands before them may be broken.
        let is_setting = line.contains('=') && line.contains('"');
        let may_hold_secret = line.contains("://") || names_url;
        hidden.push(may_hold_secret || (in_datasource || is_setting) && !open);
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_may_hold_a_secret_is_never_shown() {
        let text = "datasource db {\n  provider = \"postgresql\"\n  url = \"a\"\n  ulr = \"b\"\n\
                    \x20 directUrl = \"c\"\n  \"hunter2\"\n}\nmodel A {\n  id Int @id\n\
                    \x20 shadowDatabaseUrl = 1\n  x String @default(\"https://u:p@h\")\n}";
        let source = Source::new(Path::new("a"), text);
        let shown: Vec<u32> = (1..=12).filter(|line| source.may_show(*line)).collect();
        assert_eq!(shown, [1, 2, 7, 8, 9, 12]);
        assert!(!source.may_show(13), "there is no such line");
    }

    #[test]
    fn a_byte_order_mark_and_ends_of_lines_are_made_plain() {
        let source = Source::new(Path::new("a"), "\u{feff}a\r\nb\rc\n");
        assert_eq!(source.text, "a\nb\nc\n");
    }
}
