//! What is declared beside relations: sequences, enums, functions, extensions, event triggers.

use maud::Markup;
use maud::html;

use super::said::Links;
use crate::architecture::objects;
use crate::architecture::objects::Entry;
use crate::architecture::objects::Group;
use crate::http::screen::pages::list;
use crate::http::screen::pages::list::WHOLE_MAX;
use crate::manifest::objects::Objects;

/// A section for each kind that is compared.
pub(super) fn sections(all: &Objects, links: &Links<'_>) -> Markup {
    html! { @for it in objects::groups(all) { (section(&it, links)) } }
}

fn section(it: &Group, links: &Links<'_>) -> Markup {
    let id = it.title.to_lowercase().replace(' ', "-");
    let (shown, more) = list::cut(&it.entries, WHOLE_MAX);
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (it.title) }
            @if shown.is_empty() { p.empty { "None may be there." } }
            @else { ul { @for it in shown { li { (entry(it, links)) } } } }
            (list::left_out(more, ["of them", "of them"], "`schemawarden docs` prints all."))
        }
    }
}

fn entry(it: &Entry, links: &Links<'_>) -> Markup {
    html! {
        code { bdi { (it.name) } }
        @for (index, it) in it.said.iter().enumerate() {
            (if index == 0 { ": " } else { ", " })
            (links.said(it))
        }
    }
}
