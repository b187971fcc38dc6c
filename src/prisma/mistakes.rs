//! What is wrong with a schema, gathered in the order of the files.

use crate::nearest::nearest;
use crate::yaml::MAX_MISTAKES;
use crate::yaml::Mistake;
use crate::yaml::Position;
use crate::yaml::shown;

use super::source::Source;

/// A piece of a file, within one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    /// Index among the files.
    pub(super) file: usize,
    pub(super) at: Position,
    pub(super) chars: usize,
}

/// Errors and warnings so far.
#[derive(Debug)]
pub(super) struct Mistakes<'a> {
    sources: &'a [Source],
    errors: Vec<(Span, Mistake)>,
    warnings: Vec<(Span, Mistake)>,
}

impl<'a> Mistakes<'a> {
    pub(super) fn new(sources: &'a [Source]) -> Self {
        Self { sources, errors: Vec::new(), warnings: Vec::new() }
    }

    /// How many errors there are, to tell whether one was added.
    pub(super) fn errors(&self) -> usize {
        self.errors.len()
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) {
        let mistake = self.mistake(span, message.into(), None);
        self.errors.push((span, mistake));
    }

    pub(super) fn error_with_help(
        &mut self,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let mistake = self.mistake(span, message.into(), Some(help.into()));
        self.errors.push((span, mistake));
    }

    /// An error about a word that is none of `candidates`.
    pub(super) fn unknown<'b>(
        &mut self,
        span: Span,
        message: impl Into<String>,
        word: &str,
        candidates: impl IntoIterator<Item = &'b str>,
    ) {
        let help = nearest(word, candidates).map(|it| format!("did you mean {}?", shown(it)));
        let mistake = self.mistake(span, message.into(), help);
        self.errors.push((span, mistake));
    }

    pub(super) fn warn(&mut self, span: Span, message: impl Into<String>) {
        let mistake = self.mistake(span, message.into(), None);
        self.warnings.push((span, mistake));
    }

    fn mistake(&self, span: Span, message: String, help: Option<String>) -> Mistake {
        let source = &self.sources[span.file];
        let mut mistake = Mistake::new(&source.path, Some(span.at), "", message);
        mistake.help = help;
        // Each excerpt walks its file from the start: those beyond the limit are never shown.
        let wanted = self.errors.len().max(self.warnings.len()) <= MAX_MISTAKES;
        if wanted && source.may_show(span.at.line) {
            mistake.with_excerpt(&source.text, span.chars)
        } else {
            mistake
        }
    }

    /// Warnings, or errors where there is one, each in the order of the files.
    pub(super) fn finish(self) -> Result<Vec<Mistake>, Vec<Mistake>> {
        let errors = in_order(self.errors);
        if errors.is_empty() { Ok(in_order(self.warnings)) } else { Err(errors) }
    }
}

fn in_order(mut mistakes: Vec<(Span, Mistake)>) -> Vec<Mistake> {
    // Stable: of two at one place, what was said first stays first.
    mistakes.sort_by_key(|(span, _)| *span);
    let more = mistakes.len().saturating_sub(MAX_MISTAKES);
    let last = mistakes.last().map(|(_, it)| it.path.clone());
    let mut mistakes: Vec<Mistake> =
        mistakes.into_iter().take(MAX_MISTAKES).map(|(_, it)| it).collect();
    if let Some(path) = last.filter(|_| more > 0) {
        mistakes.push(Mistake::new(&path, None, "", format!("and {more} more")));
    }
    mistakes
}
