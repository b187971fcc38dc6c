//! A mistake of shape hides none of sense: all are told in one go, and nothing that only follows from
//! one is.

use super::*;

#[test]
#[rustfmt::skip]
fn wrong_types_and_missing_keys_hide_nothing() {
    let text = "databases:\n  - {name: 5, url: \"host=/tmp\", manifest: centrale}\n  - {name: b c, url: \"host=/tmp\"}\n  - sco\n  - {name: d e, url: \"host=/tmp\", manifest: centrale, labels: {team: 7}}\n\
         channels: {ops: 7, log: {url: \"http://example.com/x\"}}\nroutes: [{to: ops}, {to: [opss, 5]}, 9, {to: [ops]}]\nmaintenance: [{name: night, timezone: Zuric, weekly: {days: 5, from: \"22:00\", to: 25}}, {weekly: {from: \"22:00\"}}]\n";
    let want = [
        "c.yaml:2:12: databases[0].name: expected text, found the number `5`; write it in quotes: \"5\"",
        "c.yaml:2:43: databases[0].manifest: there is no manifest `centrale`; did you mean `central`?",
        "c.yaml:3:5: databases[1].manifest: this key is required",
        "c.yaml:3:12: databases[1].name: `b c` is not a name; use letters, digits, `.`, `_` and `-`, at most 100 of them",
        "c.yaml:4:5: databases[2]: expected a map, found the text `sco`",
        "c.yaml:5:12: databases[3].name: `d e` is not a name; use letters, digits, `.`, `_` and `-`, at most 100 of them",
        "c.yaml:5:45: databases[3].manifest: there is no manifest `centrale`; did you mean `central`?",
        "c.yaml:5:70: databases[3].labels.team: expected text, found the number `7`; write it in quotes: \"7\"",
        "c.yaml:6:17: channels.ops: expected a map, found the number `7`",
        "c.yaml:6:25: channels.log.type: this key is required",
        "c.yaml:6:31: channels.log.url: a receiver beyond loopback must be https; or write `insecure: true` beside it",
        "c.yaml:7:15: routes[0].to: expected a list, found the text `ops`; write it as a list: [ops]",
        "c.yaml:7:27: routes[1].to[0]: there is no channel `opss`; did you mean `ops`?",
        "c.yaml:7:33: routes[1].to[1]: expected text, found the number `5`; write it in quotes: \"5\"",
        "c.yaml:7:38: routes[2]: expected a map, found the number `9`",
        "c.yaml:8:39: maintenance[0].timezone: there is no time zone `Zuric`",
        "c.yaml:8:61: maintenance[0].weekly.days: expected text, or a list of texts, found the number `5`",
        "c.yaml:8:89: maintenance[1].name: this key is required",
        "c.yaml:8:89: maintenance[1].timezone: this key is required",
        "c.yaml:8:98: maintenance[1].weekly.days: this key is required",
    ];
    check("all of it", text, &want);
}

/// What stands in for a wrong manifest or database is never blamed for what it is.
#[test]
fn nothing_is_said_of_what_was_made_up() {
    let folder = Folder::new();
    folder.put(
        "expected-schemas/central.yaml",
        "manifest: 7\ntables: [User, 5]\nignore: [\"a{b}\"]\n",
    );
    let databases = "databases: [{url: \"host=/tmp\", manifest: central}, {manifest: central}]\n";
    let got = folder.load(databases).map(|_| ()).unwrap_err();
    let want = [
        "c.yaml:1:13: databases[0].name: this key is required",
        "c.yaml:1:52: databases[1].name: this key is required",
        "expected-schemas/central.yaml:1:11: manifest: expected text, found the number `7`; write it in quotes: \"7\"",
        "expected-schemas/central.yaml:2:16: tables[1]: expected text, found the number `5`; write it in quotes: \"5\"",
        "expected-schemas/central.yaml:3:10: ignore[0]: `{` and `}` are not supported; write one glob for each alternative",
    ];
    assert_eq!(got, want);
}
