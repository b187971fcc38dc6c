//! What is declared beside relations: sequences, enums, functions, extensions, event triggers.

use maud::Markup;
use maud::html;

use crate::http::screen::pages::list;
use crate::http::screen::pages::list::WHOLE_MAX;
use crate::manifest::objects::Objects;
use crate::manifest::objects::Section;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::schema::Signature;

/// A section for each kind that is compared.
pub(super) fn sections(objects: &Objects) -> Markup {
    let signature = |it: &Signature| format!("{}({})", it.name.visible(), it.arguments);
    html! {
        (section("Enums", "enums", &objects.enums, RelationName::visible, |it| {
            it.labels.as_ref().map(|it| it.join(", "))
        }))
        (section("Sequences", "sequences", &objects.sequences, RelationName::visible, |it| {
            it.type_name.clone()
        }))
        (section("Functions", "functions", &objects.functions, signature, |it| {
            it.returns.as_ref().filter(|it| !it.is_empty()).map(|it| format!("returns {it}"))
        }))
        (section("Extensions", "extensions", &objects.extensions, Name::visible, |it| {
            it.version.as_ref().map(|it| format!("version {it}"))
        }))
        (section("Event triggers", "event-triggers", &objects.event_triggers, Name::visible, |it| {
            it.event.as_ref().map(|it| format!("on {it}"))
        }))
    }
}

fn section<K, T>(
    title: &str,
    id: &str,
    listed: &Section<K, T>,
    name: impl Fn(&K) -> String,
    told: impl Fn(&T) -> Option<String>,
) -> Markup {
    let Some(listed) = listed else { return html! {} };
    let rows: Vec<(String, Option<String>, bool)> =
        listed.iter().map(|(key, it)| (name(key), told(&it.spec), it.optional)).collect();
    let (shown, more) = list::cut(&rows, WHOLE_MAX);
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (title) }
            @if shown.is_empty() { p.empty { "None may be there." } }
            ul {
                @for (name, said, optional) in shown {
                    li {
                        code { bdi { (name) } }
                        @if let Some(said) = said { ": " bdi { (said) } }
                        @if *optional { " " span.muted { "(optional)" } }
                    }
                }
            }
            (list::left_out(more, ["of them", "of them"], "`schemawarden docs` prints all."))
        }
    }
}
