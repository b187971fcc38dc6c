//! No input panics, none takes long, and no message repeats a secret.

use std::fs;

use proptest::prelude::*;

use crate::prisma;
use crate::prisma::MAX_FILE_BYTES;
use crate::prisma::MAX_FILES;

use super::DATASOURCE;
use super::read;
use super::spelled;

/// Pieces that mean something, in senseless order.
const PIECES: [&str; 60] = [
    "model",
    "view",
    "enum",
    "type",
    "datasource",
    "generator",
    "A",
    "B",
    "db",
    "Int",
    "String",
    "DateTime",
    "Json",
    "Bytes",
    "Decimal",
    "Unsupported",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "@",
    "@@",
    "@id",
    "@@id",
    "@unique",
    "@@unique",
    "@@index",
    "@default",
    "@relation",
    "@map",
    "@@map",
    "@db.VarChar",
    "fields:",
    "references:",
    "map:",
    "sort:",
    "ops:",
    "where:",
    "type:",
    "raw",
    "now()",
    "autoincrement()",
    "dbgenerated",
    "\"postgresql\"",
    "\"x\"",
    "\"\\u00",
    "provider",
    "=",
    "?",
    "!",
    ",",
    ":",
    ".",
    "-1",
    "5000000000",
    "\n",
    "/*",
    "//",
];

proptest! {
    #[test]
    fn random_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = read(&text);
        let _ = read(&format!("{DATASOURCE}model A {{\n{text}\n}}"));
        let _ = read(&format!("{DATASOURCE}model A {{\n  id Int @id\n  b String @default(\"{text}\")\n}}"));
    }

    #[test]
    fn random_pieces_are_read_or_refused(
        pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..80),
    ) {
        let _ = read(&pieces.join(" "));
        let body = pieces.join(" ");
        let _ = read(&format!("{DATASOURCE}model A {{\n  id Int @id\n{body}\n}}\nmodel B {{\n{body}\n}}"));
    }

    /// A schema that is cut anywhere is refused or read, and never takes its password along.
    #[test]
    fn no_message_repeats_a_secret(cut in 0..400_usize, noise in "[{}\"()\n@= a-z]{0,6}") {
        let text = "model A {\n  id Int @id\n}\ndatasource db {\n  provider = \"mysql\"\n\
                    \x20 url = \"postgres://auditor:hunter2@host/db?schema=x\"\n\
                    \x20 directUrl = \"postgres://auditor:hunter2@host/db\"\n  ulr = \"hunter2\"\n}\n\
                    model A {\n  x Foo\n}\n";
        let at = text.floor_char_boundary(cut.min(text.len()));
        let broken = format!("{}{noise}{}", &text[..at], &text[at..]);
        // A line that is broken in the middle of the password is no line of a datasource any more.
        prop_assume!(broken.contains("hunter2@") && !noise.contains('\n'));
        for mistake in read(&broken).err().unwrap_or_default() {
            let said = mistake.to_string();
            prop_assert!(!said.contains("hunter2"), "{}", said);
        }
    }
}

#[test]
fn brackets_in_brackets_are_refused_before_the_stack_ends() {
    for open in ["[", "f(", "{a: "] {
        let text =
            format!("{DATASOURCE}model A {{\n  id Int @id @default({})\n}}", open.repeat(100_000));
        let mistakes = read(&text).expect_err("too deep");
        let said = spelled(&mistakes);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("more than 32 deep"), "{said:?}");
    }
}

#[test]
fn a_hundred_thousand_mistakes_are_told_in_short_time() {
    let text = format!("{DATASOURCE}model A {{\n{}}}", "  a Foo @bar(\n".repeat(100_000));
    let mistakes = read(&text).expect_err("nothing is right");
    assert_eq!(mistakes.len(), 101);
    assert!(mistakes[100].message.starts_with("and "), "{}", mistakes[100]);
}

#[test]
fn a_huge_file_and_a_huge_folder_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.prisma");
    let length = usize::try_from(MAX_FILE_BYTES).expect("it fits");
    fs::write(&file, vec![b' '; length + 1]).expect("written");
    let said = spelled(&prisma::read(&file).expect_err("too long"));
    assert_eq!(said, [format!("the file is longer than {MAX_FILE_BYTES} bytes")]);

    fs::remove_file(&file).expect("removed");
    for index in 0..=MAX_FILES {
        fs::write(folder.path().join(format!("{index}.prisma")), "").expect("written");
    }
    let said = spelled(&prisma::read(folder.path()).expect_err("too many"));
    assert_eq!(said, [format!("the folder holds more than {MAX_FILES} `*.prisma` files")]);
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |path: &std::path::Path, want: &str| {
        let said = spelled(&prisma::read(path).expect_err("unreadable"));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with(want), "{said:?}");
    };
    check(folder.path(), "the folder holds no `*.prisma` file");
    check(&folder.path().join("none"), "could not be read: ");
    let file = folder.path().join("a.prisma");
    fs::write(&file, b"\xff\xfed\x00").expect("written");
    check(&file, "the file is in UTF-16; save it as UTF-8");
    fs::write(&file, " \n").expect("written");
    check(&file, "the schema is empty");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_folder_is_not_followed_and_that_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("{DATASOURCE}model A {{\n  id Int @id\n}}");
    fs::write(folder.path().join("a.prisma"), text).expect("written");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).expect("linked");
    let (definitions, warnings) = prisma::read(folder.path()).expect("a schema");
    assert_eq!(definitions.tables.len(), 1);
    assert_eq!(spelled(&warnings), ["this is a link to a folder and was not followed"]);
}
