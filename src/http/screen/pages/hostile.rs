//! Names that would act if they were put into a page as they are, through every page: each makes the same
//! elements with the same attributes as a name that says nothing.

mod drawn;
mod named;

use std::collections::BTreeSet;

use drawn::pages;

/// As long as the longest name, and nothing in it.
const PLAIN: &str = "plain";

const HOSTILE: [&str; 12] = [
    "<img src=x onerror=alert(1)>",
    "\"><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    "\" autofocus onfocus=alert(1) x=\"",
    "</title><svg onload=alert(1)>",
    "</bdi></td></table><iframe src=//evil.example>",
    "--><style>*{display:none}</style>",
    "javascript:alert(1)",
    "&lt;b&gt;&quot;",
    "a\u{202e}b\u{2066}c",
    "new\nline\x1b[31m",
    "{{7*7}}${7*7}",
];

/// Every tag with the names of its attributes, in order. Reads what maud writes, where a value is always
/// quoted and `<` in a text always escaped.
fn skeleton(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (mut tag, mut quoted, mut end) = (String::new(), false, rest.len());
        for (index, c) in rest[at..].char_indices() {
            match c {
                '"' => quoted = !quoted,
                '>' if !quoted => {
                    end = at + index + 1;
                    break;
                }
                c if !quoted => tag.push(c),
                _ => {}
            }
        }
        tags.push(tag);
        rest = &rest[end..];
    }
    tags
}

#[test]
fn no_name_makes_an_element_or_an_attribute() {
    let plain: Vec<(&str, Vec<String>)> =
        pages(PLAIN).into_iter().map(|(page, html)| (page, skeleton(&html))).collect();
    assert!(plain.iter().all(|(_, tags)| tags.len() > 20), "the pages say something");
    for name in HOSTILE {
        for ((page, html), (_, want)) in pages(name).into_iter().zip(&plain) {
            let got = skeleton(&html);
            let differs = got.iter().zip(want).find(|(got, want)| got != want);
            assert_eq!(differs, None, "{page} with {name:?}");
            assert_eq!(got.len(), want.len(), "{page} with {name:?}");
        }
    }
}

#[test]
fn no_link_leads_away_and_none_runs() {
    for name in HOSTILE {
        for (page, html) in pages(name) {
            for attribute in ["href=\"", "action=\"", "src=\""] {
                for rest in html.split(attribute).skip(1) {
                    let target = rest.split('"').next().expect("its value");
                    let away = target.contains(':') || target.starts_with('/');
                    assert!(!away, "{page} with {name:?}: {target}");
                }
            }
            assert!(!html.contains("style=\""), "{page}");
        }
    }
}

#[test]
fn every_page_has_one_heading_and_ids_that_are_its_own() {
    for (page, html) in pages(PLAIN) {
        assert_eq!(html.matches("<h1").count(), 1, "{page}");
        let ids: Vec<&str> = html
            .split(" id=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().expect("its value"))
            .collect();
        let different: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), different.len(), "{page}: {ids:?}");
        for rest in html.split("aria-labelledby=\"").skip(1) {
            for id in rest.split('"').next().expect("its value").split(' ') {
                assert!(different.contains(id), "{page}: nothing has the id {id}");
            }
        }
        let heads = html.matches("<th").count() - html.matches("<thead").count();
        assert_eq!(heads, html.matches("scope=\"").count(), "{page}: each heading has a scope");
        assert_eq!(html.matches("<table").count(), html.matches("<caption").count(), "{page}");
    }
}
