//! What the demo says: plain words with the time before them, and each Slack message in a box.
//!
//! Fits 100 columns, except for commands to copy. Colour on a terminal only, and not where `NO_COLOR`
//! is set.

use std::io;
use std::io::IsTerminal as _;
use std::io::Write;

use jiff::Zoned;

/// Columns that everything fits into.
const WIDTH: usize = 100;

/// Columns before what is said: the time and two spaces.
const INDENT: usize = 10;

/// How a piece of text looks on a terminal: SGR parameters (ECMA-48).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Bold,
    Dim,
    Red,
    Green,
}

impl Look {
    fn sgr(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Red => "31",
            Self::Green => "32",
        }
    }
}

/// Writes for a person.
pub(super) struct Narrator {
    out: Box<dyn Write + Send>,
    colour: bool,
    /// The wall clock of the person who watches.
    now: fn() -> Zoned,
}

impl Narrator {
    /// Speaks on stdout.
    pub(super) fn on_stdout() -> Self {
        let out = io::stdout();
        let colour = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { out: Box::new(out), colour, now: Zoned::now }
    }

    /// The first line.
    pub(super) fn title(&mut self, text: &str) -> io::Result<()> {
        let text = self.painted(text, Look::Bold);
        self.line(&format!("{text}\n"))
    }

    /// Something happens: the time and what, after an empty line when a new act of the story begins.
    pub(super) fn act(&mut self, text: &str) -> io::Result<()> {
        self.line("")?;
        self.timed(text, Some(Look::Bold))
    }

    /// Something is reported: the time and what.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        self.timed(text, None)
    }

    /// Good or bad news: the time and what.
    pub(super) fn news(&mut self, text: &str, look: Look) -> io::Result<()> {
        self.timed(text, Some(look))
    }

    /// More about the line before, below it.
    pub(super) fn detail(&mut self, text: &str) -> io::Result<()> {
        for line in wrapped(&format!("  {text}"), WIDTH - INDENT) {
            let line = self.painted(&line, Look::Dim);
            self.line(&format!("{:INDENT$}{line}", ""))?;
        }
        Ok(())
    }

    /// Something to copy: never broken, whatever its length.
    pub(super) fn command(&mut self, what: &str, command: &str) -> io::Result<()> {
        let what = self.painted(what, Look::Dim);
        self.line(&format!("  {what}\n    {command}"))
    }

    /// Lines of a log, as they are but for what could act on a terminal.
    pub(super) fn log(&mut self, text: &str) -> io::Result<()> {
        text.lines().try_for_each(|it| self.line(&format!("  | {}", harmless(it))))
    }

    /// A message as its receiver sees it, in a box with a caption.
    pub(super) fn message(&mut self, caption: &str, text: &str, look: Look) -> io::Result<()> {
        let caption = harmless(caption);
        let rule = "─".repeat((WIDTH - INDENT).saturating_sub(columns(&caption) + 5));
        self.line("")?;
        let mut lines = vec![format!("╭─ {caption} {rule}")];
        for line in text.lines().flat_map(|it| wrapped(&harmless(it), WIDTH - INDENT - 2)) {
            lines.push(format!("│ {line}"));
        }
        lines.push(format!("╰{}", "─".repeat(WIDTH - INDENT - 2)));
        let last = lines.len() - 1;
        for (at, line) in lines.iter().enumerate() {
            // The frame has the colour; the words are the sender's.
            let line = if at == 0 || at == last {
                self.painted(line, look)
            } else {
                line.replacen('│', &self.painted("│", look), 1)
            };
            self.line(format!("{:INDENT$}{line}", "").trim_end())?;
        }
        Ok(())
    }

    fn timed(&mut self, text: &str, look: Option<Look>) -> io::Result<()> {
        let time = self.painted(&(self.now)().strftime("%H:%M:%S").to_string(), Look::Dim);
        for (at, line) in wrapped(text, WIDTH - INDENT).iter().enumerate() {
            let line = look.map_or_else(|| line.clone(), |look| self.painted(line, look));
            if at == 0 {
                self.line(&format!("{time}  {line}"))?;
            } else {
                self.line(&format!("{:INDENT$}{line}", ""))?;
            }
        }
        Ok(())
    }

    /// A line at once: somebody is watching.
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    fn painted(&self, text: &str, look: Look) -> String {
        if self.colour { format!("\x1b[{}m{text}\x1b[0m", look.sgr()) } else { text.to_owned() }
    }
}

/// Text from elsewhere without control characters. Messages come with them made visible already; this
/// is for whatever else a local program may post to the receiver.
fn harmless(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { char::REPLACEMENT_CHARACTER } else { it }).collect()
}

/// Columns that `text` takes. Signs such as 🔴 and ✅ take two.
fn columns(text: &str) -> usize {
    text.chars().map(|it| if matches!(it, '\u{2705}' | '\u{1f300}'..) { 2 } else { 1 }).sum()
}

/// Breaks one line at spaces so that each part fits `width`, and cuts words that do not. Parts after the
/// first are indented as the first, below the text of a bullet.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let text = line.trim_start();
    let bullet = if text.starts_with("• ") { 2 } else { 0 };
    let indent = (columns(line) - columns(text)).min(width / 2);
    let mut parts = vec![" ".repeat(indent)];
    let mut filled = false;
    let hanging = " ".repeat(indent + bullet);
    for word in text.split_inclusive(' ') {
        let mut word = word.to_owned();
        loop {
            let part = parts.last_mut().expect("it starts with one");
            let left = width.saturating_sub(columns(part));
            if columns(word.trim_end()) <= left {
                part.push_str(&word);
                filled = true;
                break;
            }
            if filled {
                part.truncate(part.trim_end().len());
            } else {
                // Longer than a whole line.
                let head: String = word.chars().take((left / 2).max(1)).collect();
                word.drain(..head.len());
                part.push_str(&head);
            }
            parts.push(hanging.clone());
            filled = false;
        }
    }
    for part in &mut parts {
        part.truncate(part.trim_end().len());
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::Mutex;

    use super::*;

    #[track_caller]
    fn check(line: &str, width: usize, want: &[&str]) {
        assert_eq!(wrapped(line, width), want, "{line:?}");
    }

    #[test]
    fn lines_are_broken_at_spaces_and_keep_their_indent() {
        check("", 10, &[""]);
        check("short", 10, &["short"]);
        check("one two three", 7, &["one two", "three"]);
        check("  • one two three", 11, &["  • one two", "    three"]);
        check("🔴 a bc", 4, &["🔴 a", "bc"]);
        check("a  table", 20, &["a  table"]);
        check("abcdefghij", 4, &["ab", "cd", "ef", "ghij"]);
    }

    /// What a narrator says, without colour.
    fn said(speak: impl FnOnce(&mut Narrator)) -> String {
        #[derive(Clone, Default)]
        struct Shared(Arc<Mutex<Vec<u8>>>);
        impl Write for Shared {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.lock().unwrap().write(bytes)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let out = Shared::default();
        let now = || "2025-07-05T10:02:11[UTC]".parse().unwrap();
        speak(&mut Narrator { out: Box::new(out.clone()), colour: false, now });
        String::from_utf8(out.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_story_fits_its_width_and_nothing_in_a_message_acts() {
        let text = said(|it| {
            it.act("prisma db push --force-reset, with DATABASE_URL pointing at central").unwrap();
            it.detail(&"word ".repeat(40)).unwrap();
            it.message("#ops, after 3.1 s", "✅ \x1b[2Jtitle\n  • item\n\nend", Look::Red).unwrap();
            it.log("a\x1b[31mb").unwrap();
        });
        insta::assert_snapshot!(text);
        assert!(text.lines().all(|it| columns(it) <= WIDTH), "{text}");
    }
}
