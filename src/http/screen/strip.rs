//! The last 24 hours of a database as a small picture: what was drifted stands high, what is unknown half as
//! high, what was clean is a low band, and what nobody looked at is a line. So height says what colour says.

use std::fmt::Write as _;

use maud::Markup;
use maud::PreEscaped;

use super::words::count;
use crate::report::Verdict;
use crate::store::SLOT_SECONDS;
use crate::store::SLOTS;

/// Units of the picture, which is stretched to its place.
const HEIGHT: usize = 16;

/// A strip for a table: the picture, and the same in words.
pub(in crate::http) fn strip(slots: &[Option<Verdict>; SLOTS]) -> Markup {
    let mut svg = String::with_capacity(400);
    let words = words(slots);
    // Words of ours and numbers: nothing to escape. Writing to a String cannot fail.
    let _ = write!(
        svg,
        "<svg class=\"strip\" role=\"img\" viewBox=\"0 0 {SLOTS} {HEIGHT}\" \
         preserveAspectRatio=\"none\" width=\"144\" height=\"16\" aria-label=\"{words}\">\
         <title>{words}</title>"
    );
    for (what, class, top) in [
        (None, "none", HEIGHT - 1),
        (Some(Verdict::Clean), "clean", HEIGHT - 5),
        (Some(Verdict::Unknown), "unknown", HEIGHT - 10),
        (Some(Verdict::Drifted), "drifted", 0),
    ] {
        path(&mut svg, slots, what, class, top);
    }
    svg.push_str("</svg>");
    PreEscaped(svg)
}

/// One path for all slots of one kind: neighbours are one band.
fn path(
    svg: &mut String,
    slots: &[Option<Verdict>; SLOTS],
    what: Option<Verdict>,
    class: &str,
    top: usize,
) {
    let mut begun = false;
    let mut index = 0;
    while index < SLOTS {
        let length = slots[index..].iter().take_while(|it| **it == what).count();
        if length == 0 {
            index += 1;
            continue;
        }
        if !begun {
            let _ = write!(svg, "<path class=\"{class}\" d=\"");
            begun = true;
        }
        let _ = write!(svg, "M{index} {top}h{length}V{HEIGHT}h-{length}z");
        index += length;
    }
    if begun {
        svg.push_str("\"/>");
    }
}

/// The strip in words.
fn words(slots: &[Option<Verdict>; SLOTS]) -> String {
    let so_many = |what| slots.iter().filter(|it| **it == what).count();
    let hours = SLOT_SECONDS * i64::try_from(SLOTS).unwrap_or(0) / 3600;
    let mut text = format!("Last {hours} hours: ");
    let drifted = so_many(Some(Verdict::Drifted));
    let unknown = so_many(Some(Verdict::Unknown));
    let unseen = so_many(None);
    let halves = |it| count(it, "half hour", "half hours");
    let mut parts = Vec::new();
    if drifted > 0 {
        parts.push(format!("drifted in {}", halves(drifted)));
    }
    if unknown > 0 {
        parts.push(format!("unknown in {}", halves(unknown)));
    }
    if parts.is_empty() && unseen < SLOTS {
        parts.push("clean whenever audited".to_owned());
    }
    if unseen > 0 {
        parts.push(format!("not audited in {}", halves(unseen)));
    }
    text.push_str(&parts.join(", "));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_is_told_in_words_and_in_heights() {
        let clean = [Some(Verdict::Clean); SLOTS];
        let html = strip(&clean).into_string();
        assert!(html.contains("Last 24 hours: clean whenever audited\""), "{html}");
        assert!(html.contains("d=\"M0 11h48V16h-48z\""), "{html}");
        assert_eq!(html.matches("<path").count(), 1, "{html}");

        let mut mixed = clean;
        mixed[..10].fill(None);
        mixed[20] = Some(Verdict::Drifted);
        mixed[40..42].fill(Some(Verdict::Unknown));
        let html = strip(&mixed).into_string();
        let said = "drifted in 1 half hour, unknown in 2 half hours, not audited in 10 half hours";
        assert!(html.contains(said), "{html}");
        for path in ["M20 0h1V16h-1z", "M40 6h2V16h-2z", "M0 15h10V16h-10z", "M10 11h10V16h-10z"] {
            assert!(html.contains(path), "{path}: {html}");
        }
        assert!(strip(&[None; SLOTS]).into_string().contains("not audited in 48 half hours"));
    }
}
