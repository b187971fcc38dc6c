//! `to:` and `fallback:`: names of channels, and names that labels complete.

use std::collections::BTreeSet;

use crate::config::shape;
use crate::route::Piece;
use crate::route::Target;
use crate::yaml::At;
use crate::yaml::nearest;
use crate::yaml::shown;

use super::super::Noted;
use super::super::matcher::Registered;

pub(super) fn all(
    said: &shape::Route,
    key: &str,
    channels: &BTreeSet<&str>,
    registered: &Registered<'_>,
    noted: &mut Noted,
) -> Vec<Target> {
    if said.to.value.is_empty() {
        let message = "a route to no channel: its alerts would go nowhere";
        noted.mistake(Some(said.to.at), format!("{key}.to"), message);
    }
    let mut all = Vec::new();
    for (index, name) in said.to.value.iter().enumerate() {
        let place = format!("{key}.to[{index}]");
        if name.value.contains(['{', '}']) {
            all.extend(template(name, &place, registered, noted));
        } else {
            check_channel(name, &place, channels, noted);
            all.push(Target::Channel(name.value.clone()));
        }
    }
    all
}

/// The channels for what templates lead nowhere.
pub(super) fn fallback(
    said: &shape::Route,
    to: &[Target],
    key: &str,
    channels: &BTreeSet<&str>,
    noted: &mut Noted,
) -> Vec<String> {
    let place = format!("{key}.fallback");
    let plain = to.iter().find_map(|it| match it {
        Target::Channel(name) => Some(name),
        Target::Template(_) => None,
    });
    let Some(fallback) = &said.fallback else {
        if plain.is_none() && !to.is_empty() {
            let message = "is required: without the label, or without a channel of that name, an \
                           alert would go nowhere";
            noted.mistake_help(Some(said.to.at), place, message, "for example: fallback: [ops]");
        }
        return Vec::new();
    };
    if let Some(plain) = plain {
        let message = format!("never used: {} in `to` is always there", shown(plain));
        noted.warning(fallback.at, &place, message);
    } else if fallback.value.is_empty() {
        noted.mistake(Some(fallback.at), &place, "names no channel");
    }
    for (index, name) in fallback.value.iter().enumerate() {
        let place = format!("{place}[{index}]");
        if name.value.contains(['{', '}']) {
            noted.mistake(Some(name.at), place, "must name a channel, without labels");
        } else {
            check_channel(name, &place, channels, noted);
        }
    }
    fallback.value.iter().map(|it| it.value.clone()).collect()
}

fn check_channel(name: &At<String>, key: &str, channels: &BTreeSet<&str>, noted: &mut Noted) {
    if !channels.contains(name.value.as_str()) {
        let near = nearest(&name.value, channels.iter().copied());
        noted.no_such(name, key, "channel", near);
    }
}

/// `team-{labels.team}` in pieces.
fn template(
    name: &At<String>,
    key: &str,
    registered: &Registered<'_>,
    noted: &mut Noted,
) -> Option<Target> {
    let Some(pieces) = pieces(&name.value) else {
        let message = format!("{} is not a channel's name", name.shown());
        let help = "put a label in as {labels.team}";
        noted.mistake_help(Some(name.at), key, message, help);
        return None;
    };
    for piece in &pieces {
        if let Piece::Label(label) = piece {
            check_label(label, name, key, registered, noted);
        }
    }
    Some(Target::Template(pieces))
}

fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (inside, behind) = after.split_once('}')?;
        let label = inside.strip_prefix("labels.").filter(|it| !it.is_empty())?;
        if before.contains('}') || label.contains('{') {
            return None;
        }
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        pieces.push(Piece::Label(label.to_owned()));
        rest = behind;
    }
    if rest.contains('}') {
        return None;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Some(pieces)
}

/// Says so where no registered database has the label that `word` names.
pub(super) fn check_label(
    label: &str,
    word: &At<String>,
    key: &str,
    registered: &Registered<'_>,
    noted: &mut Noted,
) {
    let known = registered.label_names();
    if !registered.open_ended && !known.contains(label) {
        let near = nearest(label, known).filter(|_| !word.from_env);
        let label = At { value: label.to_owned(), ..word.clone() };
        let message = format!("no registered database has the label {}", label.shown());
        noted.warning_near(word.at, key, message, near);
    }
}
