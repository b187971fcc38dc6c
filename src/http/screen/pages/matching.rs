//! What a silence, a maintenance window or a route is about, in words.

use maud::Markup;
use maud::html;

use super::pieces::names;
use crate::manifest::Glob;
use crate::route::Matcher;
use crate::route::Pattern;

/// One condition: what it asks, and the values of which one has to hold.
type Condition<'a> = (&'a str, Vec<&'a str>);

/// "database `sco*`, and kind `drift` or `reset`".
pub(super) fn words(matcher: &Matcher, tables: &[Glob]) -> Markup {
    let conditions = conditions(matcher, tables);
    html! {
        @if conditions.is_empty() { "everything" }
        @for (index, (what, values)) in conditions.into_iter().enumerate() {
            @if index > 0 { "; " }
            bdi { (what) } " " (names(values))
        }
    }
}

fn conditions<'a>(matcher: &'a Matcher, tables: &'a [Glob]) -> Vec<Condition<'a>> {
    let texts = |it: &'a [Pattern]| it.iter().map(Pattern::text).collect::<Vec<_>>();
    let Matcher { databases, manifests, labels, kinds, severities } = matcher;
    let mut all: Vec<Condition<'a>> =
        vec![("database", texts(databases)), ("manifest", texts(manifests))];
    all.extend(labels.iter().map(|(label, values)| (label.as_str(), texts(values))));
    all.push(("kind", kinds.iter().map(|it| it.word()).collect()));
    all.push(("severity", severities.iter().map(|it| it.word()).collect()));
    all.push(("table", tables.iter().map(Glob::source).collect()));
    all.retain(|(_, values)| !values.is_empty());
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::silence;

    #[test]
    fn a_matcher_is_told_condition_by_condition() {
        let what = json!({
            "database": ["sco*"],
            "labels": { "team": ["red", "blue"] },
            "kind": ["drift"],
            "table": ["tmp_*"],
        });
        let (matcher, tables) = silence::from_json(&what).unwrap();
        let told = conditions(&matcher, &tables);
        let want = vec![
            ("database", vec!["sco*"]),
            ("team", vec!["red", "blue"]),
            ("kind", vec!["drift"]),
            ("table", vec!["tmp_*"]),
        ];
        assert_eq!(told, want);
        assert_eq!(words(&Matcher::default(), &[]).into_string(), "everything");
    }
}
