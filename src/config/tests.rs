//! Whole configs, good and bad, with the exact words that a person reads.

mod access;
mod discover;
mod guide;
mod known;
mod one_go;
mod receivers;
mod routes;
mod upkeep;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::connection::Password;
use crate::connection::SslMode;
use crate::route::Target;

const MANIFEST: &str = "manifest: NAME\ntables: [User]\n";
/// 24 bytes in base64.
const KEY: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";

/// A folder with manifests `central` and `orchestra`, and a few files.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        for name in ["central", "orchestra"] {
            folder.put(&format!("expected-schemas/{name}.yaml"), &MANIFEST.replace("NAME", name));
        }
        folder
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn load(&self, text: &str) -> Result<Config, Vec<String>> {
        self.put("c.yaml", text);
        let path = self.0.path().join("c.yaml");
        load(&path, &env, "2025-07-05T10:00:00Z".parse::<Timestamp>().unwrap())
            .map_err(|mistakes| self.words(&mistakes))
    }

    /// Mistakes, without the folder's own name.
    fn words(&self, mistakes: &[Mistake]) -> Vec<String> {
        let folder = format!("{}/", self.0.path().display());
        mistakes.iter().map(|it| it.to_string().replace(&folder, "")).collect()
    }
}

fn env(name: &str) -> Option<String> {
    match name {
        "URL" => Some("postgres://u:hunter2@db.example.com/central".to_owned()),
        "SLACK" => Some("https://hooks.slack.com/services/T0/B0/hunter2".to_owned()),
        "WORD" => Some("hunter2".to_owned()),
        "ZERO" => Some("0".to_owned()),
        _ => None,
    }
}

const DATABASES: &str = "databases:\n  - {name: a, url: \"host=/tmp\", manifest: central}\n";

#[track_caller]
fn check(case: &str, text: &str, want: &[&str]) {
    let got = Folder::new().load(text).map(|_| ()).unwrap_err();
    assert_eq!(got, want, "{case}");
}

#[test]
fn the_least_config_has_the_defaults_of_the_documentation() {
    let folder = Folder::new();
    let config = folder.load(DATABASES).unwrap();
    assert_eq!(config.path, folder.0.path().join("c.yaml"));
    assert_eq!(config.hash.len(), 16);
    assert_eq!(config.manifests.keys().collect::<Vec<_>>(), ["central", "orchestra"]);
    assert_eq!(config.state.sqlite, folder.0.path().join("schemawarden.db"));
    assert_eq!(config.state.keep_audits, Duration::from_hours(30 * 24));
    assert_eq!(config.http.listen, "127.0.0.1:9847".parse::<SocketAddr>().unwrap());
    assert_eq!((config.limits.concurrency, config.limits.per_server), (32, 8));
    assert_eq!(config.limits.audit_deadline, Duration::from_secs(30));
    let [database] = config.databases.as_slice() else { panic!("one database") };
    assert_eq!((database.name.as_str(), database.manifest.name.as_str()), ("a", "central"));
    assert_eq!(database.provision_grace, Duration::from_mins(15));
    assert_eq!(database.limits, config.limits);
    let after: Timestamp = "2025-07-05T10:01:00Z".parse().unwrap();
    let due = database.schedule.next_due("a", after).duration_since(after).as_secs();
    assert!((240..=270).contains(&due), "{due}");
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    // Neither channels nor routes: good for `check`, not for the daemon.
    let undelivered = folder.words(&config.require_delivery());
    assert_eq!(undelivered.len(), 2);
    assert_eq!(
        undelivered[1],
        "c.yaml: routes: there is no route, so an alert could go nowhere; add a catch-all at the \
         end: routes: [{to: [ops]}]"
    );
}

#[test]
fn a_full_config_is_read() {
    let folder = Folder::new();
    folder.put("ca.pem", "x");
    folder.put("secrets/url", "postgres://u@db.example.com/x?sslrootcert=own.pem\n");
    folder.put("secrets/password", "hunter2\n");
    folder.put("secrets/hook", "https://example.com/hook/hunter2\n");
    folder.put("secrets/key", KEY);
    let config = folder
        .load(
            "defaults:\n  schedule: {every: 1h, splay: 1m}\n  sslrootcert: ca.pem\n  provision_grace: 1h\n\
             state: {sqlite: /var/lib/x.db}\nretention: {audits: 7d, incidents: 4w}\n\
             http: {listen: \"[::1]:0\"}\nlimits: {concurrency: 4, per_server: 2, max_bytes: 1MiB}\n\
             databases:\n  - name: central\n    url: ${URL}\n    manifest: central\n    server: one\n    \
             labels: {team: platform}\n    severity: {missing_view: critical}\n    known: \
             [{object: tmp, kind: unexpected_table, reason: r, owner: o, until: 2025-12-01}]\n    \
             limits: {audit_deadline: 1m}\n    schedule: {splay: 0s}\n    password_command: \
             {argv: [\"true\"], ttl: 1m}\n\
             \x20 - {name: b, url_file: secrets/url, password_file: secrets/password, manifest: orchestra}\n\
             channels:\n  ops: {type: slack, url: \"${SLACK}\"}\n  log: {type: webhook, url_file: \
             secrets/hook, secret_file: secrets/key}\nroutes: [{to: [ops, log]}]\n"
                .replace("url: ${URL}", "url: postgres://u@db.example.com/central")
                .as_str(),
        )
        .unwrap();
    let [central, b] = config.databases.as_slice() else { panic!("two databases") };
    let ConnectionSource::Parsed(connection) = &central.connection else { panic!("parsed") };
    assert_eq!(connection.ssl_mode, SslMode::VerifyFull);
    assert_eq!(connection.ssl_root_cert, Some(folder.0.path().join("ca.pem")));
    let command = Password::Command {
        argv: vec!["true".to_owned()],
        timeout: Duration::from_secs(10),
        ttl: Duration::from_mins(1),
    };
    assert_eq!(connection.password, command);
    assert_eq!(central.server.as_deref(), Some("one"));
    assert_eq!(central.labels["team"], "platform");
    assert_eq!(central.severities[&FindingKind::MissingView], Severity::Critical);
    assert_eq!(central.known.len(), 1);
    assert_eq!(central.limits.audit_deadline, Duration::from_mins(1));
    assert_eq!(central.limits.max_bytes, 1 << 20);
    let after: Timestamp = "2025-07-05T10:01:00Z".parse().unwrap();
    assert!(central.schedule.next_due("central", after) > after);
    let ConnectionSource::File { path, defaults } = &b.connection else { panic!("a file") };
    assert_eq!(path, &folder.0.path().join("secrets/url"));
    assert_eq!(defaults.directory, folder.0.path().join("secrets"));
    assert_eq!(b.server(), "db.example.com:5432");
    let password = Password::File(folder.0.path().join("secrets/password"));
    assert_eq!(defaults.password, Some(password));
    assert!(
        matches!(&config.channels["log"].kind, ChannelKind::Webhook { secrets, .. } if secrets.len() == 1)
    );
    let to = ["ops", "log"].map(|it| Target::Channel(it.to_owned()));
    assert_eq!(config.policy.routes[0].to, to);
    assert!(config.require_delivery().is_empty());
    assert!(config.warnings.is_empty(), "{:?}", folder.words(&config.warnings));
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
#[rustfmt::skip]
fn every_mistake_of_sense_is_told() {
    let d = DATABASES;
    let one = |more: &str| format!("databases:\n  - {{name: a, url: \"host=/tmp\", manifest: central, {more}}}\n");
    let told = |more: &str| format!("{d}channels: {{ops: {{type: slack, url: \"${{SLACK}}\"}}}}\nroutes: [{{to: [ops]}}]\n{more}");
    let cases: &[(&str, String, &[&str])] = &[
        ("names", "databases:\n  - {name: a, url: \"host=/tmp\", manifest: central}\n  - {name: a b, url: \"host=/tmp\", manifest: centrale}\n  - {name: a, url: \"\", manifest: x}\n".into(),
            &["c.yaml:3:12: databases[1].name: `a b` is not a name; use letters, digits, `.`, `_` and `-`, at most 100 of them",
              "c.yaml:3:45: databases[1].manifest: there is no manifest `centrale`; did you mean `central`?",
              "c.yaml:4:12: databases[2].name: the name `a` is taken at 2:12",
              "c.yaml:4:20: databases[2].url: must not be empty",
              "c.yaml:4:34: databases[2].manifest: there is no manifest `x`"]),
        ("shape and sense", format!("{d}    shedule: {{}}\nhttp: {{listen: localhost, listen: x}}\n").replace("- {name: a, url: \"host=/tmp\", manifest: central}", "- name: a b\n    url: host=/tmp\n    manifest: central"),
            &["c.yaml:2:11: databases[0].name: `a b` is not a name; use letters, digits, `.`, `_` and `-`, at most 100 of them",
              "c.yaml:5:5: databases[0].shedule: unknown key; did you mean `schedule`?",
              "c.yaml:6:16: http.listen: `localhost` is not an address and a port; write it as 127.0.0.1:9847 or [::1]:9847",
              "c.yaml:6:27: http.listen: this key is there twice, first at 6:8; keep one of the two"]),
        ("no database", "databases: []\n".into(), &["c.yaml:1:12: databases: there is no database to audit"]),
        ("no url", "databases: [{name: a, manifest: central}]\n".into(),
            &["c.yaml:1:20: databases[0]: `url` or `url_file` is required"]),
        ("two urls", one("url_file: x"), &["c.yaml:2:20: databases[0].url: `url` and `url_file` together; keep one of the two"]),
        ("bad url", "databases: [{name: a, manifest: central, url: \"postgres://u:hunter2@h:x/d\"}]\n".into(),
            &["c.yaml:1:47: databases[0].url: the port is not a number from 1 to 65535; in a URL, write special characters of a user name or password percent-encoded: `@` is %40, `/` is %2F, `:` is %3A, `%` is %25"]),
        ("prefer", "databases: [{name: a, manifest: central, url: \"postgres://h/d?sslmode=prefer\"}]\n".into(),
            &["c.yaml:1:47: databases[0].url: `sslmode=prefer` to a remote host accepts a connection that anybody can read or fake; name verify-full (or verify-ca, require), or write `insecure: true` beside the url"]),
        ("files that are not there", one("password_file: p, sslrootcert: ca.pem"),
            &["c.yaml:2:67: databases[0].password_file: the file `p` cannot be read: No such file or directory (os error 2)",
              "c.yaml:2:83: databases[0].sslrootcert: there is no file `ca.pem`"]),
        ("two passwords", "databases: [{name: a, manifest: central, url: \"postgres://u:hunter2@h/d\", password_command: [x]}]\n".into(),
            &["c.yaml:1:47: databases[0].url: holds a password, and `password_file` or `password_command` names another; keep one of the two"]),
        ("commands", one("password_command: []"), &["c.yaml:2:70: databases[0].password_command: names no program"]),
        ("commands' keys", one("password_command: {argv: [hunter2], tll: 5m, timeout: 5}"),
            &["c.yaml:2:88: databases[0].password_command.tll: unknown key; did you mean `ttl`?",
              "c.yaml:2:106: databases[0].password_command.timeout: a length of time needs a unit: 500ms, 30s, 5m, 2h, 7d, 4w"]),
        ("schedules", one("schedule: {cron: \"0 0 30 2 *\", timezone: Europe/Berln}"),
            &["c.yaml:2:69: databases[0].schedule.cron: this cron line never fires: no date matches it; for example: */5 * * * * (minute, hour, day, month, weekday)",
              "c.yaml:2:93: databases[0].schedule.timezone: there is no time zone `Europe/Berln`; did you mean `Europe/Berlin`?"]),
        ("a bad default schedule is told once", format!("defaults: {{schedule: {{cron: \"x\"}}}}\n{d}  - {{name: b, url: \"host=/tmp\", manifest: central, schedule: {{splay: 1s}}}}\n"),
            &["c.yaml:1:29: defaults.schedule.cron: not a cron line: it has 1 fields; a cron line has 5, or 6 with seconds first; for example: */5 * * * * (minute, hour, day, month, weekday)"]),
        ("cron and every", one("schedule: {cron: \"* * * * *\", every: 5m, timezone: UTC}"),
            &["c.yaml:2:69: databases[0].schedule: `cron` and `every` together; keep one of the two",
              "c.yaml:2:103: databases[0].schedule.timezone: a period has no time zone; leave it out"]),
        ("periods without a unit", one("schedule: {every: 30, splay: \"30\"}, provision_grace: soon"),
            &["c.yaml:2:70: databases[0].schedule.every: a length of time needs a unit: 500ms, 30s, 5m, 2h, 7d, 4w",
              "c.yaml:2:81: databases[0].schedule.splay: a length of time needs a unit: 500ms, 30s, 5m, 2h, 7d, 4w",
              "c.yaml:2:105: databases[0].provision_grace: a length of time needs a unit: 500ms, 30s, 5m, 2h, 7d, 4w"]),
        ("a period of nothing", one("schedule: {every: 0s}"),
            &["c.yaml:2:70: databases[0].schedule.every: must be from 1s to 366d"]),
        ("limits", format!("{d}limits: {{concurrency: 0, per_server: 2000, connect_timeout: 0s, audit_deadline: 2h, max_relations: 0, max_bytes: 1B}}\n"),
            &["c.yaml:3:23: limits.concurrency: must be from 1 to 1000",
              "c.yaml:3:38: limits.per_server: must be from 1 to 1000",
              "c.yaml:3:61: limits.connect_timeout: must be from 100ms to 5m",
              "c.yaml:3:81: limits.audit_deadline: must be from 100ms to 1h",
              "c.yaml:3:100: limits.max_relations: must be from 1 to 10000000",
              "c.yaml:3:114: limits.max_bytes: must be from 64KiB to 4GiB"]),
        ("a wiped database made clean", one("severity: {wrong_database: info, missing_table: info}"),
            &["c.yaml:2:79: databases[0].severity.wrong_database: `wrong_database` cannot be `info`: a database without any of its tables would be clean"]),
        ("known and severity", one("known: [{object: a.b.c, kind: unexpected_tabel, reason: r, owner: o, until: 2025-12-01}], severity: {missing_viw: info, missing_view: bad}"),
            &["c.yaml:2:69: databases[0].known[0].object: 3 parts; a name is `table` or `schema.table` (quote a part that holds a dot)",
              "c.yaml:2:82: databases[0].known[0].kind: `unexpected_tabel` is no kind of finding; did you mean `unexpected_table`?",
              "c.yaml:2:153: databases[0].severity: there is no finding kind `missing_viw`; did you mean `missing_view`?",
              "c.yaml:2:186: databases[0].severity.missing_view: there is no severity `bad`"]),
        ("listening on a word", format!("{d}http: {{listen: localhost}}\n"),
            &["c.yaml:3:16: http.listen: `localhost` is not an address and a port; write it as 127.0.0.1:9847 or [::1]:9847"]),
        ("retention", format!("{d}retention: {{audits: 1h, incidents: 9999d}}\n"),
            &["c.yaml:3:21: retention.audits: must be from 1d to 3650d",
              "c.yaml:3:36: retention.incidents: must be from 1d to 3650d"]),
        ("two states", told("state: {sqlite: a.db, postgres: \"host=/tmp dbname=s\", lease: 30s, fleet: a b}\n"),
            &["c.yaml:5:17: state.sqlite: `sqlite` and `postgres` together; keep one of the two",
              "c.yaml:5:62: state.lease: is not longer than an audit may take (`audit_deadline` is 30s): others would begin what is not over; make it longer, or leave it out",
              "c.yaml:5:74: state.fleet: `a b` is not a name; use letters, digits, `.`, `_` and `-`, at most 100 of them"]),
        ("a fleet without a server", told("state: {fleet: a, lease: 1m}\n"),
            &["c.yaml:5:16: state.fleet: is for a state on a server: `state.postgres` names none",
              "c.yaml:5:26: state.lease: is for a state on a server: `state.postgres` names none"]),
        ("a state that leads nowhere", told("state: {postgres: \"postgres://h/d?sslmode=prefer\"}\n"),
            &["c.yaml:5:19: state.postgres: `sslmode=prefer` to a remote host accepts a connection that anybody can read or fake; name verify-full (or verify-ca, require), or write `insecure: true` beside the url"]),
        ("types", told("").replace("slack", "webhok"),
            &["c.yaml:3:24: channels.ops.type: there is no channel type `webhok`; did you mean `webhook`?"]),
        ("a route to nowhere", told("").replace("[ops]", "[opss, ops]"),
            &["c.yaml:4:16: routes[0].to[0]: there is no channel `opss`; did you mean `ops`?"]),
        ("a route to no channel", told("").replace("[ops]", "[]"),
            &["c.yaml:4:15: routes[0].to: a route to no channel: its alerts would go nowhere"]),
        ("channels without routes", told("").replace("routes: [{to: [ops]}]", ""),
            &["c.yaml: routes: there is no route, so an alert could go nowhere; add a catch-all at the end: routes: [{to: [ops]}]"]),
        ("no channels", format!("{d}channels: {{}}\nroutes: []\n"),
            &["c.yaml: channels: there is no channel, so an alert could go nowhere; add one: channels: {ops: {type: slack, url: \"${SLACK_WEBHOOK_URL}\"}}",
              "c.yaml: routes: there is no route, so an alert could go nowhere; add a catch-all at the end: routes: [{to: [ops]}]"]),
        ("receivers", told("").replace("{ops: {type: slack, url: \"${SLACK}\"}}",
            "{ops: {type: slack, url: \"http://example.com/hunter2\"}, b: {type: webhook, url: hunter2, secret: hunter2}, c: {type: slack, secret: hunter2}, d: {type: webhook, url: \"file:///hunter2\"}, e: {type: webhook, url: \"http://127.0.0.1:1/x\"}}"),
            &["c.yaml:3:36: channels.ops.url: a receiver beyond loopback must be https; or write `insecure: true` beside it",
              "c.yaml:3:91: channels.b.url: not a URL: relative URL without a base",
              "c.yaml:3:108: channels.b.secret: a signing key is `whsec_` and 24 to 64 bytes in base64; make one: echo whsec_$(openssl rand -base64 32)",
              "c.yaml:3:118: channels.c: `url` or `url_file` is required",
              "c.yaml:3:143: channels.c.secret: a `slack` channel has no such key; its URL is the secret",
              "c.yaml:3:177: channels.d.url: only http and https URLs can be posted to"]),
        ("manifests' folder", format!("manifests: nowhere\n{d}"), &["c.yaml:1:12: manifests: there is no folder `nowhere`"]),
    ];
    for (case, text, want) in cases {
        check(case, text, want);
    }
}

#[test]
fn a_mistake_in_a_manifest_is_told_with_those_of_the_config() {
    let folder = Folder::new();
    folder.put("expected-schemas/central.yaml", "manifest: central\ntabels: []\n");
    let got =
        folder.load("databases: [{name: a b, url: \"host=/tmp\", manifest: x}]\n").unwrap_err();
    assert!(got[0].starts_with("c.yaml:1:20: databases[0].name: `a b` is not a name"), "{got:?}");
    assert!(got[1].starts_with("expected-schemas/central.yaml:"), "{got:?}");
}

#[test]
#[rustfmt::skip]
fn what_is_allowed_but_risky_is_a_warning() {
    let folder = Folder::new();
    folder.put("password", "x");
    fs::set_permissions(folder.0.path().join("password"), fs::Permissions::from_mode(0o644)).unwrap();
    let config = folder.load(
        "limits: {concurrency: 2, per_server: 4}\ndatabases:\n\
         \x20 - {name: a, url: \"postgres://h/d?sslmode=prefer\", insecure: true, manifest: central, password_file: password}\n\
         \x20 - {name: b, url: \"postgres://h/d?sslmode=disable\", manifest: central, limits: {connect_timeout: 1m}}\n\
         \x20 - {name: c, url: \"host=/tmp\", manifest: central, known: [{object: t, kind: unexpected_table, reason: r, owner: o, until: 2025-07-06}]}\n\
         channels: {a: {type: webhook, url: \"http://example.com/\", insecure: true}, b: {type: slack, url: \"${SLACK}\"}}\n\
         routes: [{to: [a]}, {to: [a]}]\n").unwrap();
    assert_eq!((config.channels["a"].insecure, config.channels["b"].insecure), (true, false));
    assert_eq!(folder.words(&config.warnings), [
        "c.yaml:1:38: limits.per_server: never reached: concurrency is 2",
        "c.yaml:3:63: databases[0].url: `sslmode=prefer`: anybody on the way can read or fake this connection",
        "c.yaml:3:103: databases[0].password_file: the file `password` has mode 0644: others may read it; `chmod 600` it",
        "c.yaml:4:20: databases[1].url: `sslmode=disable`: passwords and names go over the network in the clear",
        "c.yaml:4:99: databases[1].limits: connect_timeout is not below audit_deadline: a host that does not answer uses up the whole audit, and no other host is tried",
        "c.yaml:5:124: databases[2].known[0].until: ends on 2025-07-06, in 1 day",
        "c.yaml:6:36: channels.a.url: `insecure`: whoever is on the way reads what is sent",
        "c.yaml:6:76: channels.b: no route goes here",
        "c.yaml:7:26: routes[1]: never reached: routes[0] before it matches everything",
    ]);
}

#[test]
fn a_server_that_is_asked_for_more_than_its_pace_allows_is_a_warning() {
    let folder = Folder::new();
    let one = |n| format!("  - {{name: a{n}, url: \"postgres://h/d{n}\", manifest: central}}\n");
    let fleet = |rate: &str, every: &str| {
        let mut text = format!(
            "limits: {{per_server_rate: {rate}}}\ndefaults: {{schedule: {{every: {every}}}}}\ndatabases:\n"
        );
        for n in 0..30 {
            text += &one(n);
        }
        text += "  - {name: b, url: \"postgres://other/d\", manifest: central, schedule: {every: 1s}}\n";
        let config = folder.load(&text).unwrap();
        folder.words(&config.warnings)
    };
    assert_eq!(fleet("3", "10s"), [""; 0], "just so");
    assert_eq!(fleet("1", "1h"), [""; 0]);
    let mut text =
        "limits: {per_server_rate: 1}\ndefaults: {schedule: {cron: \"0,1 3 * * *\"}}\ndatabases:\n"
            .to_owned();
    for n in 0..90 {
        text += &one(n);
    }
    assert_eq!(folder.words(&folder.load(&text).unwrap().warnings), [""; 0], "two ticks a day");
    assert_eq!(
        fleet("2", "10s"),
        [
            "c.yaml:1:27: limits.per_server_rate: the 30 databases on h:5432 are due 3.0 times a second, and 2 \
             connections a second are allowed to one server: their audits will be late; raise it, or audit less \
             often"
        ]
    );
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let folder = Folder::new();
    let load = |name: &str| {
        let mistakes = load(&folder.0.path().join(name), &env, Timestamp::UNIX_EPOCH);
        folder.words(&mistakes.unwrap_err()).join("\n")
    };
    assert_eq!(
        load("none.yaml"),
        "none.yaml: cannot be read: No such file or directory (os error 2); name the file with \
         --config or SCHEMAWARDEN_CONFIG"
    );
    fs::write(folder.0.path().join("latin.yaml"), b"a: b\nc: \xe9\n").unwrap();
    assert_eq!(load("latin.yaml"), "latin.yaml:2:1: this line holds bytes that are not UTF-8");
    folder.put("large.yaml", &"#".repeat(10_000_000));
    assert_eq!(
        load("large.yaml"),
        "large.yaml: the file is larger than the limit of 4194304 bytes"
    );
    folder.put("empty.yaml", "");
    assert_eq!(load("empty.yaml"), "empty.yaml: the file is empty; it needs at least `databases`");
}

#[test]
fn an_inline_secret_in_a_file_that_others_may_read_is_a_warning() {
    let folder = Folder::new();
    let text = DATABASES.replace("host=/tmp", "host=/tmp password=hunter2");
    assert!(folder.load(&text).unwrap().warnings.is_empty());
    let path = folder.0.path().join("c.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let config = load(&path, &env, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(
        folder.words(&config.warnings),
        [
            "c.yaml:2:20: databases[0].url: a secret stands in this file, which has mode 0644: others \
          may read it; `chmod 600` it, or keep the secret in a variable (`${NAME}`) or a file of its own"
        ]
    );
}

/// A broken example is refused or read, never a panic, and no mistake holds a secret.
#[test]
fn no_change_of_a_byte_panics() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.yaml");
    let example = fs::read_to_string(path).unwrap().replace("  # ", "  ").replace("\n#", "\n");
    let example = example.replace("${SCO_DATABASE_URL}", "postgres://u:hunter2@h/d");
    let folder = Folder::new();
    let mut random = fastrand::Rng::with_seed(4711);
    let odd =
        ["\t", "\0", "{", "[", "&a ", "*a", "!", "'", "\"", "\u{202e}", ":", "- ", "|", "${", "~"];
    for _ in 0..500 {
        let mut text = example.clone();
        for _ in 0..random.usize(1..4) {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let at = places[random.usize(..places.len())];
            if random.bool() {
                text.insert_str(at, odd[random.usize(..odd.len())]);
            } else {
                text.remove(at);
            }
        }
        for mistake in folder.load(&text).err().unwrap_or_default() {
            assert!(!mistake.contains("hunter2"), "{text}: {mistake}");
        }
    }
}

/// A canary in every place that may hold a secret, and in some that may not.
#[test]
fn no_mistake_repeats_a_secret() {
    let folder = Folder::new();
    folder.put("bad-url", "postgres://u:hunter2@h:hunter2/d");
    folder.put("bad-hook", "hunter2");
    let databases = [
        "url: \"postgres://u:hunter2@h:x/d\"",
        "url: \"postgres://u:hunter2@h/d?sslmode=prefer\"",
        "url: \"postgres://u:hunter2@h/d?hunter3=1\"",
        "url: \"postgres://u:hun/hunter2@h/d?x=1\"",
        "url: \"host=h password=hunter2 x\"",
        "url: \"${WORD}\"",
        "url: [hunter2]",
        "url: {hunter2: hunter2}",
        "url: \"postgres://u:${hunter2@h/d\"",
        "url: postgres://u:hunter2@h/d, insecure: 1",
        "url: u, url_file: x, password: hunter2",
        "url_file: bad-url",
        "url: \"host=/tmp\", password_command: [hunter2, [hunter2]]",
        "url: \"host=/tmp\", password_command: {argv: hunter2, token: hunter2}",
        "url: \"host=/tmp\", manifest: \"${WORD}\"",
        "url: \"host=/tmp\", schedule: {cron: \"${WORD}\"}",
        "url: \"host=/tmp\", schedule: {every: \"${WORD}\"}",
        "url: \"host=/tmp\", schedule: {timezone: \"${WORD}\"}",
        "url: \"host=/tmp\", limits: {audit_deadline: \"${WORD}\"}",
        "url: \"host=/tmp\", limits: {max_relations: \"${WORD}\"}",
        "url: \"host=/tmp\", severity: {missing_view: \"${WORD}\"}",
        "url: \"host=/tmp\", password_file: \"${WORD}\"",
        "url: \"host=/tmp\", sslrootcert: \"${WORD}\"",
        "url: \"host=/tmp\", known: [{object: \"${WORD}\", kind: \"${WORD}\", reason: r, owner: o, until: \"${WORD}\"}]",
    ];
    let channels = [
        "url: hunter2",
        "url: \"http://example.com/hunter2\"",
        "url: \"ftp://example.com/hunter2\"",
        "url: \"https://hunter2:x:y@[::hunter2]/\"",
        "url: \"https://example.com/\", secret: hunter2",
        "url: \"https://example.com/\", secret: [hunter2]",
        "url_file: bad-hook",
        "url: [hunter2]",
        "url: \"${WORD}\", type: \"${WORD}\"",
        "url: \"https://example.com/\", secret: \"whsec_hunter2\"",
        "url: \"https://example.com/\", secrets: [hunter2, [hunter2], {hunter2: hunter2}]",
        "url: \"https://example.com/\", secrets: hunter2",
        "url: \"https://example.com/\", secret_files: [bad-hook]",
        "type: pagerduty, routing_key: hunter2",
        "type: pagerduty, routing_key: [hunter2]",
        "type: pagerduty, routing_key_file: bad-hook",
        "type: alertmanager, url: \"https://example.com/\", token: hunter2, resend: \"${WORD}\"",
        "type: alertmanager, url: \"https://example.com/\", token: [hunter2]",
        "type: email, host: \"${WORD}/\", security: \"${WORD}\", from: \"${WORD}\", to: \"${WORD}\", password: hunter2",
    ];
    let documents = databases
        .iter()
        .map(|it| {
            let name = if it.contains("manifest") { "name: a" } else { "name: a, manifest: central" };
            format!("databases: [{{{name}, {it}}}]\n")
        })
        .chain(channels.iter().map(|it| {
            let kind = if it.contains("type") { "" } else { "type: webhook, " };
            format!("{DATABASES}channels: {{a: {{{kind}{it}}}}}\nroutes: [{{to: [a]}}]\n")
        }))
        .chain([
            format!("{DATABASES}http: {{listen: \"${{WORD}}\"}}\n"),
            format!("{DATABASES}http: {{tokens: [{{name: a, token: hunter2}}]}}\n"),
            format!("{DATABASES}http: {{tokens: [{{name: a, token: [hunter2]}}]}}\n"),
            format!("{DATABASES}http: {{tokens: [{{name: a, token_file: bad-hook}}]}}\n"),
            format!("{DATABASES}http: {{external_url: \"https://u:hunter2@h\"}}\n"),
            format!("{DATABASES}heartbeat: {{url: \"http://example.com/hunter2\"}}\n"),
            format!("{DATABASES}heartbeat: {{url: hunter2, every: \"${{WORD}}\"}}\n"),
            format!("{DATABASES}networks: {{deny: [\"${{WORD}}\"]}}\n"),
            format!("{DATABASES}messages: {{timezone: \"${{WORD}}\"}}\n"),
            format!("{DATABASES}maintenance: [{{name: a, timezone: \"${{WORD}}\", once: {{from: \"${{WORD}}\", to: \"${{WORD}}\"}}, match: {{kind: \"${{WORD}}\", database: \"${{WORD}}\"}}}}]\n"),
            format!("{DATABASES}manifests: \"${{WORD}}\"\n"),
            format!("{DATABASES}channels: {{a: {{type: slack, url: \"${{SLACK}}\"}}}}\nroutes: [{{to: [\"${{WORD}}\"]}}]\n"),
            format!("{DATABASES}channels: {{\"https://u:hunter2@h\": {{type: slack}}}}\nroutes: []\n"),
        ]);
    for text in documents {
        let mistakes = folder.load(&text).map(|_| ()).unwrap_err();
        assert!(!mistakes.is_empty());
        for mistake in mistakes {
            assert!(!mistake.contains("hunter2"), "{text}: {mistake}");
        }
    }
}

/// The example at the top of the repository is a good config, and has every key that there is.
#[test]
fn the_example_is_a_good_config() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.yaml");
    let env = |name: &str| match name {
        "CENTRAL_DATABASE_URL" => Some("postgres://auditor:x@db.example.com/central".to_owned()),
        "SCO_DATABASE_URL" => Some("postgres://auditor:x@db.example.com/sco".to_owned()),
        "SLACK_WEBHOOK_URL" => Some("https://hooks.slack.com/services/T0/B0/x".to_owned()),
        _ => None,
    };
    let config = load(&path, &env, "2025-07-05T10:00:00Z".parse().unwrap()).unwrap();
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    assert!(config.require_delivery().is_empty());
    assert_eq!(config.databases.len(), 2);
    let least = Folder::new().load(DATABASES).unwrap();
    assert_eq!(config.limits, least.limits);
    assert_eq!(config.http.listen, least.http.listen);
    assert_eq!(config.databases[0].provision_grace, least.databases[0].provision_grace);
    assert_eq!(config.state.keep_audits, least.state.keep_audits);
    assert_eq!(config.state.keep_incidents, least.state.keep_incidents);
}

/// Every key of the JSON Schema, those of `severity` too.
fn every_key() -> Vec<String> {
    fn keys(schema: &serde_json::Value, into: &mut Vec<String>) {
        match schema {
            serde_json::Value::Object(members) => {
                for (word, member) in members {
                    if let ("properties", Some(properties)) = (word.as_str(), member.as_object()) {
                        into.extend(properties.keys().cloned());
                    }
                    keys(member, into);
                }
            }
            serde_json::Value::Array(items) => items.iter().for_each(|it| keys(it, into)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    keys(&shape_schema(), &mut all);
    assert!(all.len() > 40, "{all:?}");
    all
}

#[test]
fn the_example_has_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.yaml");
    let example = fs::read_to_string(path).unwrap();
    let schema = shape_schema();
    let kinds = FindingKind::ALL.map(FindingKind::word);
    for key in every_key().into_iter().filter(|it| !kinds.contains(&it.as_str())) {
        let there = example
            .match_indices(&format!("{key}:"))
            .any(|(at, _)| example[..at].ends_with([' ', '\n', '{']));
        assert!(there, "{key} is not in config.example.yaml");
    }
    assert_eq!(schema["additionalProperties"], false);
}

/// Each audit of a compute that is suspended when idle wakes it.
#[test]
fn a_database_that_scales_to_zero_is_audited_four_times_a_day_where_nobody_says_when() {
    let url = "postgres://a@ep-cool-1.eu-central-1.aws.neon.tech/d";
    for (case, defaults, own, want) in [
        ("nobody says", "", "", "every 6h"),
        ("a zone alone says nothing", "schedule: {timezone: Europe/Zurich}", "", "every 6h"),
        ("the defaults say", "schedule: {every: 1m}", "", "every 1m"),
        ("the database says", "", ", schedule: {every: 2h}", "every 2h"),
    ] {
        let folder = Folder::new();
        let text = format!(
            "defaults: {{{defaults}}}\ndatabases: [{{name: a, url: \"{url}\", manifest: central, min_interval: 1h{own}}}]\n"
        );
        let config = folder.load(&text).unwrap_or_else(|it| panic!("{case}: {it:?}"));
        let database = &config.databases[0];
        assert!(database.scales_to_zero);
        assert_eq!(database.min_interval, Duration::from_hours(1));
        let told = database.schedule.describe();
        assert!(told.starts_with(want), "{case}: {told}");
    }
}
