//! The valid word that a misspelt one was probably meant to be.

/// One edit for this many characters is still the same word.
const CHARS_PER_EDIT: usize = 3;

/// The candidate that is nearest to `word`, if one is near enough to be worth saying. Case does not
/// count. Of equally near ones, the first.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / CHARS_PER_EDIT).max(1);
    candidates
        .into_iter()
        .map(|it| (strsim::damerau_levenshtein(&word, &it.to_lowercase()), it))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, it)| it)
}

/// What follows a sentence that names a word nobody knows: the nearest one that is known, as a question, or
/// nothing.
#[must_use]
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let near = nearest(word, candidates);
    near.map_or_else(String::new, |it| format!("; did you mean `{it}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let keys = ["schedule", "name", "manifest", "url", "url_file", "to"];
        let cases = [
            ("shedule", Some("schedule")),
            ("Name", Some("name")),
            ("manfiest", Some("manifest")),
            ("urlfile", Some("url_file")),
            ("ulr", Some("url")),
            ("password", None),
            ("x", None),
            ("", None),
        ];
        for (word, want) in cases {
            assert_eq!(nearest(word, keys), want, "{word}");
        }
    }

    #[test]
    fn a_hint_ends_a_sentence_or_says_nothing() {
        assert_eq!(hint("ulr", ["url", "name"]), "; did you mean `url`?");
        assert_eq!(hint("password", ["url", "name"]), "");
    }
}
