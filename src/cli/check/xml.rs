//! The little of XML 1.0 that a JUnit report takes: elements, attributes and text, escaped.
//!
//! XML 1.0 cannot hold control characters, not even escaped (section 2.2, production `Char`), so one
//! that got here is written in its visible spelling. The crate that writes JUnit reports for others
//! (quick-junit) drops them instead, and brings a second library for time.

use std::fmt::Write as _;

/// One element.
#[derive(Debug)]
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// An empty one.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), text: String::new(), children: Vec::new() }
    }

    /// The same with one more attribute.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers and texts alike, without a `&` at each"
    )]
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.attributes.push((name, value.to_string()));
        self
    }

    /// The same around `text`.
    pub(super) fn around(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// The same with one more element inside.
    pub(super) fn holding(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// The whole document whose root this is.
    pub(super) fn document(&self) -> String {
        let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        // Writing to a String cannot fail.
        let _ = write!(out, "{indent}<{}", self.name);
        for (name, value) in &self.attributes {
            let _ = write!(out, " {name}=\"{}\"", attribute(value));
        }
        if self.children.is_empty() && self.text.is_empty() {
            out.push_str("/>\n");
            return;
        }
        out.push('>');
        out.push_str(&text(&self.text));
        if !self.children.is_empty() {
            out.push('\n');
            for child in &self.children {
                child.write(out, depth + 1);
            }
            out.push_str(&indent);
        }
        let _ = writeln!(out, "</{}>", self.name);
    }
}

/// Escapes what stands between two tags.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            // `]]>` may not stand in text.
            '>' => out.push_str("&gt;"),
            '\n' | '\t' => out.push(c),
            c if can_stand(c) => out.push(c),
            c if c.is_ascii() => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    out
}

/// Escapes what stands between double quotes. A reader makes one space of a line end or a tab there,
/// unless it is escaped.
fn attribute(value: &str) -> String {
    text(value).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;")
}

/// Whether a document may hold the character: `Char` without the controls that XML 1.0 discourages, and
/// without the carriage return, which readers turn into a line end.
fn can_stand(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_nested_and_empty_ones_closed() {
        let root = Element::new("a")
            .with("n", 1)
            .holding(Element::new("b"))
            .holding(Element::new("c").around("text"));
        let want = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                    <a n=\"1\">\n  <b/>\n  <c>text</c>\n</a>\n";
        assert_eq!(root.document(), want);
    }

    #[test]
    fn nothing_in_a_text_ends_it() {
        for (from, want) in [
            ("a<b>&c]]>", "a&lt;b&gt;&amp;c]]&gt;"),
            ("\x1b[31m\0\u{9b}", "\\x1b[31m\\x00\\u{9b}"),
            ("a\r\nb", "a\\x0d\nb"),
            ("\u{fffe}\u{ffff}\u{fffd}", "\\u{fffe}\\u{ffff}\u{fffd}"),
            ("ü \u{1f3bb}", "ü \u{1f3bb}"),
        ] {
            assert_eq!(text(from), want);
        }
        assert_eq!(attribute("\"a\"\n'b'\t<"), "&quot;a&quot;&#10;'b'&#9;&lt;");
    }
}
