//! Names and texts as SQL that a person will run: whatever they hold, none ends its string, its statement or its
//! line.

use std::fmt::Write as _;

use crate::schema::visible;

/// A quoted SQL identifier.
pub(in crate::cli::sql) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The same on one line, whatever the name holds.
pub(in crate::cli::sql) fn identifier_in_line(name: &str) -> String {
    // What breaks a line, hides, or reorders what is read.
    let acts =
        |it: char| it != '\\' && visible(it.encode_utf8(&mut [0; 4]).as_bytes()).starts_with('\\');
    if !name.contains(acts) {
        return identifier(name);
    }
    let mut out = String::from("U&\"");
    for it in name.chars() {
        match it {
            '"' => out.push_str("\"\""),
            '\\' => out.push_str("\\\\"),
            _ if acts(it) => drop(write!(out, "\\+{:06x}", u32::from(it))),
            _ => out.push(it),
        }
    }
    out.push('"');
    out
}

/// Text that cannot leave its comment line.
pub(in crate::cli::sql) fn comment(text: &str) -> String {
    visible(text.as_bytes())
}

/// A quoted SQL string, whatever `standard_conforming_strings` says. What is not plain goes over as code
/// points, so that it cannot leave its line either.
pub(in crate::cli::sql) fn literal(text: &str) -> String {
    let mut out = String::from("E'");
    for it in text.chars() {
        match it {
            // Not what ends a string, a statement or a body, and not what starts an escape.
            ' '..='~' if !"'\\;$".contains(it) => out.push(it),
            // Writing to a String cannot fail.
            _ => drop(write!(out, "\\U{:08x}", u32::from(it))),
        }
    }
    out.push('\'');
    out
}

/// `template` with `{name}` replaced by the text of that name, in one pass: what a text holds is left alone.
pub(in crate::cli::sql) fn filled(template: &str, texts: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let found = rest.find('}').and_then(|end| {
            let (_, text) = texts.iter().find(|(name, _)| *name == &rest[1..end])?;
            Some((end, text))
        });
        let (text, end) = found.map_or(("{", 0), |(end, text)| (text.as_str(), end));
        out.push_str(text);
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out
}

/// The lines of a block that stop in another database than `dbname`, which is what the connection says. `what`
/// was printed for it.
pub(in crate::cli::sql) fn check_database(dbname: Option<&str>, what: &str) -> String {
    dbname.map_or_else(String::new, |dbname| {
        format!(
            "  IF current_database() <> {} THEN\n    \
             RAISE EXCEPTION 'this is database \"%\"', current_database()\n      \
             USING HINT = '{what} was printed for another one. (Behind a pooler the name may differ: then \
             take these lines out.)';\n  END IF;\n",
            literal(dbname)
        )
    })
}
