//! Reads the files of a schema: one file, or a folder as Prisma's multi-file schemas are.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use crate::yaml::Mistake;
use crate::yaml::Position;

/// A longer file is refused, in bytes. A thousand models fit ten times over.
pub const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// More files than these are refused: the folder is not a schema's.
pub const MAX_FILES: usize = 1000;

/// Folders in folders beyond these are refused.
pub const MAX_DEPTH: usize = 16;

/// Files with their texts.
pub(super) type Files = Vec<(PathBuf, String)>;

/// The texts of the files at `path`, sorted by name, and warnings.
pub(super) fn read(path: &Path) -> Result<(Files, Vec<Mistake>), Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut warnings = Vec::new();
    let mut paths = Vec::new();
    match fs::metadata(path) {
        Ok(it) if it.is_dir() => {
            let mut walk =
                Walk { paths: &mut paths, mistakes: &mut mistakes, warnings: &mut warnings };
            walk.folder(path, 0);
            if paths.is_empty() && mistakes.is_empty() {
                mistakes.push(Mistake::new(path, None, "", "the folder holds no `*.prisma` file"));
            }
        }
        Ok(_) => paths.push(path.to_owned()),
        Err(error) => mistakes.push(unreadable(path, &error)),
    }
    paths.sort();
    if paths.len() > MAX_FILES {
        let message = format!("the folder holds more than {MAX_FILES} `*.prisma` files");
        return Err(vec![Mistake::new(path, None, "", message)]);
    }
    let mut files = Vec::new();
    for path in paths {
        match text(&path) {
            Ok(text) => files.push((path, text)),
            Err(mistake) => mistakes.push(*mistake),
        }
    }
    if mistakes.is_empty() { Ok((files, warnings)) } else { Err(mistakes) }
}

struct Walk<'a> {
    paths: &'a mut Vec<PathBuf>,
    mistakes: &'a mut Vec<Mistake>,
    warnings: &'a mut Vec<Mistake>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize) {
        if depth > MAX_DEPTH {
            let message = format!("folders stand in each other more than {MAX_DEPTH} deep");
            self.mistakes.push(Mistake::new(folder, None, "", message));
            return;
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.mistakes.push(unreadable(folder, &error)),
        };
        for entry in entries {
            // One more than allowed is enough to refuse the folder.
            if self.paths.len() > MAX_FILES {
                return;
            }
            match entry.and_then(|it| Ok((it.path(), it.file_type()?))) {
                Ok((path, kind)) => self.entry(path, kind, depth),
                Err(error) => self.mistakes.push(unreadable(folder, &error)),
            }
        }
    }

    fn entry(&mut self, path: PathBuf, kind: fs::FileType, depth: usize) {
        let is_schema = path.extension().is_some_and(|it| it == "prisma");
        if kind.is_dir() {
            self.folder(&path, depth + 1);
        } else if kind.is_symlink() && path.is_dir() {
            // A link may lead back up; what it leads to may be nobody's schema.
            let message = "this is a link to a folder and was not followed";
            self.warnings.push(Mistake::new(&path, None, "", message));
        } else if is_schema {
            self.paths.push(path);
        }
    }
}

/// The text of one file, which must be UTF-8.
fn text(path: &Path) -> Result<String, Box<Mistake>> {
    let file = fs::File::open(path).map_err(|error| Box::new(unreadable(path, &error)))?;
    let mut bytes = Vec::new();
    let read = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| Box::new(unreadable(path, &error)))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let message = format!("the file is longer than {MAX_FILE_BYTES} bytes");
        return Err(Box::new(Mistake::new(path, None, "", message)));
    }
    decode(path, bytes)
}

fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, Box<Mistake>> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        let message = "the file is in UTF-16; save it as UTF-8";
        return Err(Box::new(Mistake::new(path, None, "", message)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.split(|it| *it == b'\n').count();
        let start = good.iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1);
        let column = String::from_utf8_lossy(&good[start..]).chars().count() + 1;
        let number = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        let at = Position { line: number(line), column: number(column) };
        Box::new(Mistake::new(path, Some(at), "", "the file is not UTF-8 from here on"))
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Mistake {
    Mistake::new(path, None, "", format!("could not be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_utf_8_says_where() {
        #[rustfmt::skip]
        let cases: [(&[u8], &str); 5] = [
            (b"model A {}",          "model A {}"),
            ("\u{e4}".as_bytes(),    "\u{e4}"),
            (b"\xff\xfem\x00",       "a.prisma: the file is in UTF-16; save it as UTF-8"),
            (b"\xfe\xff\x00m",       "a.prisma: the file is in UTF-16; save it as UTF-8"),
            (b"a\nb \xc3\xa4 \xff",  "a.prisma:2:5: the file is not UTF-8 from here on"),
        ];
        for (bytes, want) in cases {
            let got = decode(Path::new("a.prisma"), bytes.to_vec());
            assert_eq!(got.unwrap_or_else(|it| it.to_string()), want);
        }
    }
}
