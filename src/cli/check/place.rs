//! Where a manifest file is, as the readers of a report know it: relative to the folder that the command
//! runs in, which in a pipeline is the repository.

use std::fmt::Write as _;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

/// `deploy/../expected-schemas/central.yaml` as a repository knows it, since readers compare the text
/// with the names of its files: without `.`, and with `..` taken back where something stands before it.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        let before = plain.components().next_back();
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(before, Some(Component::Normal(_))) => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// The file as a URI reference (RFC 3986): relative to `folder` where it is in there or was named so,
/// `file://` otherwise.
pub(super) fn uri(path: &Path, folder: &Path) -> String {
    let path = plain(path);
    let below = path.strip_prefix(folder).unwrap_or(&path);
    let mut uri = if below.is_absolute() { "file://".to_owned() } else { String::new() };
    for byte in below.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(*byte));
            }
            byte => {
                // Writing to a String cannot fail.
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_name_that_the_repository_gives_it() {
        for (path, want) in [
            ("m/a.yaml", "m/a.yaml"),
            ("./m/./a.yaml", "m/a.yaml"),
            ("deploy/../m/a.yaml", "m/a.yaml"),
            ("deploy/x/../../m/a.yaml", "m/a.yaml"),
            ("../m/a.yaml", "../m/a.yaml"),
            ("../../m/a.yaml", "../../m/a.yaml"),
            ("/repo/deploy/../m/a.yaml", "/repo/m/a.yaml"),
        ] {
            assert_eq!(plain(Path::new(path)), Path::new(want), "{path}");
        }
    }

    #[test]
    fn a_uri_is_relative_where_it_can_be_and_holds_nothing_that_acts() {
        for (path, want) in [
            ("m/a.yaml", "m/a.yaml"),
            ("/repo/m/a.yaml", "m/a.yaml"),
            ("/repo/x/../m/a.yaml", "m/a.yaml"),
            ("/elsewhere/a.yaml", "file:///elsewhere/a.yaml"),
            ("../a.yaml", "../a.yaml"),
            ("m/a b:ü%.yaml", "m/a%20b%3A%C3%BC%25.yaml"),
        ] {
            assert_eq!(uri(Path::new(path), Path::new("/repo")), want, "{path}");
        }
    }
}
