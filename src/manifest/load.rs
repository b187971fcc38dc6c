//! Reads manifest files and what they extend, and reports every mistake of all of them.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;

use super::Manifest;
use super::Manifests;
use super::hash::hash;
use super::known::Noted;
use super::sense::Draft;
use super::sense::Sense;
use super::sense::sense;
use super::shape::ManifestFile;
use super::source::From;
use super::source::FromKind;
use super::source::draft;
use crate::ddl;
use crate::prisma;
use crate::schema::Definitions;
use crate::yaml;
use crate::yaml::Mistake;
use crate::yaml::Position;

/// A longer chain of `extends` is refused.
const MAX_DEPTH: usize = 16;

/// A folder with more manifest files than this is refused.
const MAX_FILES: usize = 10_000;

/// Reads one manifest with the files that it extends. `today` (UTC) tells which known findings have
/// ended.
pub fn load(path: &Path, today: Date) -> Result<Manifest, Vec<Mistake>> {
    load_noting(path, today).map(|(manifest, _)| manifest)
}

/// The same, with what is allowed but worth a word.
pub fn load_noting(path: &Path, today: Date) -> Result<(Manifest, Vec<Mistake>), Vec<Mistake>> {
    let mut loader = Loader::new(today);
    let manifest = loader.manifest(path);
    loader.finish(manifest)
}

/// Reads one manifest from a text that is no file of its own. `path` names it in mistakes, and what
/// it extends is relative to it.
pub fn read(path: &Path, text: &str, today: Date) -> Result<Manifest, Vec<Mistake>> {
    let mut loader = Loader::new(today);
    loader.take(path, text);
    let manifest = loader.manifest(path);
    loader.finish(manifest).map(|(manifest, _)| manifest)
}

/// Reads every `*.yaml` and `*.yml` of a folder (not of folders below it), and returns the manifests
/// by name and what is allowed but worth a word.
///
/// # Errors
///
/// Every mistake of every file, each once. Two files with one name, and a folder without a manifest,
/// are mistakes.
pub fn load_folder(dir: &Path, today: Date) -> Result<(Manifests, Vec<Mistake>), Vec<Mistake>> {
    let files = files(dir).map_err(|mistake| vec![*mistake])?;
    let mut loader = Loader::new(today);
    let mut manifests = Manifests::new();
    for path in files {
        let Some(manifest) = loader.manifest(&path) else { continue };
        if let Some(first) = manifests.get(&manifest.name) {
            let message = format!(
                "manifest `{}` is in {} already; names must be unique in a folder",
                manifest.name,
                first.path.display()
            );
            loader.noted.mistakes.push(Mistake::new(&path, None, "manifest", message));
            continue;
        }
        manifests.insert(manifest.name.clone(), Arc::new(manifest));
    }
    loader.finish(Some(manifests))
}

/// The manifest files of a folder, sorted. Hidden files are an editor's.
fn files(dir: &Path) -> Result<Vec<PathBuf>, Box<Mistake>> {
    let mistake = |message: String| Box::new(Mistake::new(dir, None, "", message));
    let unreadable = |error: std::io::Error| mistake(format!("cannot read this folder: {error}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_some_and(|it| it.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|it| it == "yaml" || it == "yml") {
            files.push(path);
        }
        if files.len() > MAX_FILES {
            return Err(mistake(format!("more than {MAX_FILES} manifest files")));
        }
    }
    if files.is_empty() {
        return Err(mistake("no manifest (`*.yaml`, `*.yml`) in this folder".to_owned()));
    }
    files.sort();
    Ok(files)
}

/// Reads files, each once, however many extend it.
struct Loader {
    today: Date,
    noted: Noted,
    /// `None` for a file that could not be read or has the wrong shape, which is noted.
    read: HashMap<PathBuf, Option<Arc<Sense>>>,
    /// What a file and all that it extends say together.
    resolved: HashMap<PathBuf, Draft>,
    /// What `from` names, by how it is read and its path. `None` where it could not be read, which is
    /// noted.
    sources: HashMap<(&'static str, PathBuf), Option<Arc<Definitions>>>,
}

impl Loader {
    fn new(today: Date) -> Self {
        Self {
            today,
            noted: Noted::default(),
            read: HashMap::new(),
            resolved: HashMap::new(),
            sources: HashMap::new(),
        }
    }

    /// The manifest of `path`. What is wrong is noted; it may be there although something is.
    fn manifest(&mut self, path: &Path) -> Option<Manifest> {
        let file = self.file(path)?;
        let draft = self.resolve(path, &file, &mut vec![path.to_owned()])?;
        self.check_schemas(path, &file, &draft);
        let mut manifest = Manifest {
            name: file.name.clone(),
            description: file.description.clone(),
            path: path.to_owned(),
            hash: String::new(),
            expected: draft.expected,
            compares_views: draft.compares_views,
            compares_materialized_views: draft.compares_materialized_views,
            schemas: draft.schemas,
            ignore: draft.ignore,
            forbid: draft.forbid,
            presets: draft.presets.unwrap_or_default(),
            known: draft.known,
            severities: draft.severities,
            objects: draft.objects,
            golden: draft.golden,
        };
        manifest.hash = hash(&manifest);
        Some(manifest)
    }

    /// `value` where nothing is wrong. A parent's mistake is noted once, whoever extends it.
    fn finish<T>(mut self, value: Option<T>) -> Result<(T, Vec<Mistake>), Vec<Mistake>> {
        let mistakes = &mut self.noted.mistakes;
        yaml::drop_consequences(mistakes);
        mistakes.sort_by(|a, b| (&a.path, a.at).cmp(&(&b.path, b.at)));
        mistakes.dedup();
        match value {
            Some(value) if mistakes.is_empty() => Ok((value, self.noted.warnings)),
            _ => Err(self.noted.mistakes),
        }
    }

    fn file(&mut self, path: &Path) -> Option<Arc<Sense>> {
        if let Some(known) = self.read.get(path) {
            return known.clone();
        }
        match text(path) {
            Ok(text) => self.take(path, &text),
            Err(message) => {
                self.noted.mistakes.push(Mistake::new(path, None, "", message));
                self.read.insert(path.to_owned(), None);
            }
        }
        self.read.get(path)?.clone()
    }

    fn take(&mut self, path: &Path, text: &str) {
        let (file, misshapen) = yaml::read_noting::<ManifestFile>(path, text, None);
        self.noted.mistakes.extend(misshapen);
        // What can be made sense of beside wrong keys is, so that all mistakes are told in one go.
        let sense = file.map(|it| Arc::new(sense(path, it, self.today, &mut self.noted)));
        self.read.insert(path.to_owned(), sense);
    }

    /// What `file` says with all that it extends. `chain` is the way here, `path` its last.
    fn resolve(&mut self, path: &Path, file: &Sense, chain: &mut Vec<PathBuf>) -> Option<Draft> {
        if let Some(known) = self.resolved.get(path) {
            return Some(known.clone());
        }
        let mut draft = Draft::default();
        for (written, at) in &file.extends {
            let parent = beside(path, written);
            let mistake = |message: String| Mistake::new(path, Some(*at), "extends", message);
            if chain.contains(&parent) {
                let chain = shown(chain, &parent);
                self.noted.mistakes.push(mistake(format!("goes in a circle: {chain}")));
                return None;
            }
            if chain.len() >= MAX_DEPTH {
                let message = format!("more than {MAX_DEPTH} files extend each other");
                self.noted.mistakes.push(mistake(message));
                return None;
            }
            if !self.read.contains_key(&parent) && !parent.is_file() {
                let message = format!("there is no file {}", parent.display());
                self.noted.mistakes.push(mistake(message));
                return None;
            }
            let extended = self.file(&parent)?;
            chain.push(parent.clone());
            let resolved = self.resolve(&parent, &extended, chain);
            chain.pop();
            draft = draft.extended_by(resolved?);
        }
        let own = match &file.from {
            None => file.draft.clone(),
            Some(from) => self.source(path, from)?.source_of(file.draft.clone()),
        };
        let draft = draft.extended_by(own);
        self.resolved.insert(path.to_owned(), draft.clone());
        Some(draft)
    }

    /// What `from`, in the file `path`, makes expected. A database says so at each audit.
    fn source(&mut self, path: &Path, from: &From) -> Option<Draft> {
        let (word, written) = match &from.kind {
            FromKind::Database(_) => return Some(Draft::default()),
            FromKind::Prisma(written) => ("prisma", written),
            FromKind::Sql(written) => ("sql", written),
        };
        let source = beside(path, written);
        let key = (word, source);
        if !self.sources.contains_key(&key) {
            let read = self.read_source(path, from.at, word, &key.1);
            self.sources.insert(key.clone(), read);
        }
        let definitions = self.sources.get(&key)?.as_ref()?;
        Some(draft(definitions, from.depth))
    }

    fn read_source(
        &mut self,
        path: &Path,
        at: Position,
        word: &str,
        source: &Path,
    ) -> Option<Arc<Definitions>> {
        if !source.exists() {
            let message = format!("there is no file or folder {}", source.display());
            let mistake = Mistake::new(path, Some(at), format!("from.{word}"), message);
            self.noted.mistakes.push(mistake);
            return None;
        }
        let read = if word == "prisma" { prisma::read(source) } else { ddl::read(source) };
        match read {
            Ok((definitions, warnings)) => {
                // `import` tells what statements were passed over; at every load it would be noise.
                self.noted.warnings.extend(warnings.into_iter().filter(|it| !ddl::is_count(it)));
                Some(Arc::new(definitions))
            }
            Err(mistakes) => {
                self.noted.mistakes.extend(mistakes);
                None
            }
        }
    }

    /// What is expected where nobody looks would be missing for ever.
    fn check_schemas(&mut self, path: &Path, file: &Sense, draft: &Draft) {
        let Some(schemas) = &draft.schemas else { return };
        for key in draft.expected.keys().filter(|(_, name)| !schemas.contains(&name.schema)) {
            let (kind, name) = key;
            let at: Option<Position> = file.positions.get(key).copied();
            let message = format!(
                "{kind} `{name}` is expected in schema `{}`, which `schemas` leaves out",
                name.schema
            );
            self.noted.mistakes.push(Mistake::new(path, at, "schemas", message));
        }
    }
}

/// The path that `written` means in the file `path`, without `.` and with `..` taken back where that
/// cannot change its meaning, so that one file has one path and a circle is seen.
fn beside(path: &Path, written: &str) -> PathBuf {
    let joined = path.parent().unwrap_or(Path::new("")).join(written);
    joined.canonicalize().map_or(joined, |found| {
        // Keep the spelling that a person knows, as long as it is the same file.
        let same = path.canonicalize().ok().zip(path.parent()).and_then(|(own, folder)| {
            let name = found.strip_prefix(own.parent()?).ok()?;
            Some(folder.join(name))
        });
        same.unwrap_or(found)
    })
}

/// `a.yaml -> b.yaml -> a.yaml`, from where the circle begins.
fn shown(chain: &[PathBuf], again: &Path) -> String {
    let start = chain.iter().position(|it| it == again).unwrap_or(0);
    let circle = chain[start..].iter().map(PathBuf::as_path).chain([again]);
    let name = |path: &Path| match path.file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => path.display().to_string(),
    };
    circle.map(name).collect::<Vec<_>>().join(" -> ")
}

/// The text of a file, if it is one that can be read: not larger than a document may be.
fn text(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot read this file: {error}");
    let limit = yaml::MAX_BYTES as u64;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    // One byte more than is allowed shows that there is more, without reading all of it.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(format!("larger than {} MiB", limit / (1024 * 1024)));
    }
    String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())
}

#[cfg(test)]
mod tests;
