//! Rows of somebody else, and what becomes of them.

use std::fs;
use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::config;
use crate::config::ConnectionSource;
use crate::config::Discovery;
use crate::config::is_name;

/// One discovery by URL, with these keys.
fn discovery(more: &str) -> Arc<Discovery> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.yaml");
    let text = format!(
        "databases:\n  - {{name: central, url: \"postgres://a@127.0.0.1/central\", manifest: central}}\n\
         discover:\n  - {{name: d, manifest: central, from: central, query: select 1{more}}}\n"
    );
    fs::write(&path, text).unwrap();
    fs::create_dir(folder.path().join("expected-schemas")).unwrap();
    let manifest = folder.path().join("expected-schemas/central.yaml");
    fs::write(manifest, "manifest: central\ntables: [x]\n").unwrap();
    let config = config::load(&path, &|_| None, Timestamp::UNIX_EPOCH).unwrap();
    Arc::clone(&config.discoveries[0])
}

#[test]
fn a_row_that_makes_no_sense_is_one_unknown_database() {
    let long = "x".repeat(101);
    let hosts = ", allow_hosts: [\"*.example\", 127.0.0.1]";
    let url = "postgres://a:hunter2@db.example/x?sslmode=require";
    #[rustfmt::skip]
    let cases = [
        // case            row                                                                name                   reason
        ("good",           format!(r#"{{"name": "sco", "url": "{url}"}}"#),                   "sco",                 None),
        ("no name",        format!(r#"{{"name": null, "url": "{url}"}}"#),                    "d-row-unnamed-1",     Some("its row has no name")),
        ("swapped",        format!(r#"{{"name": "{url}", "url": "sco"}}"#),                   "d-row-",              Some("its name in the registry is none")),
        ("a long name",    format!(r#"{{"name": "{long}", "url": "{url}"}}"#),                "d-row-",              Some("its name in the registry is none")),
        ("hostile name",   format!(r#"{{"name": "a\u202e\n<b>", "url": "{url}"}}"#),          "d-row-",              Some("its name in the registry is none")),
        ("collides",       format!(r#"{{"name": "central", "url": "{url}"}}"#),               "d-row-",              Some("that of another registered database")),
        ("no url",         r#"{"name": "sco", "url": ""}"#.to_owned(),                        "sco",                 Some("its row has no `url`")),
        ("a number",       format!(r#"{{"name": 7, "url": "{url}"}}"#),                       "7",                   None),
        ("a list",         r#"{"name": "sco", "url": ["x"]}"#.to_owned(),                     "sco",                 Some("something else than a text")),
        ("file:",          r#"{"name": "sco", "url": "file:///etc/passwd"}"#.to_owned(),      "sco",                 Some("its URL is none: not a PostgreSQL URL")),
        ("a socket",       r#"{"name": "sco", "url": "postgres://%2Ftmp/x"}"#.to_owned(),     "sco",                 Some("names a Unix socket")),
        ("no host",        r#"{"name": "sco", "url": "dbname=x"}"#.to_owned(),                "sco",                 Some("names a Unix socket")),
        ("another host",   format!(r#"{{"name": "sco", "url": "{}"}}"#, url.replace("db.example", "evil.test")), "sco", Some("not among `allow_hosts`")),
        ("two hosts",      format!(r#"{{"name": "sco", "url": "{}"}}"#, url.replace("db.example", "db.example,evil.test")), "sco", Some("not among `allow_hosts`")),
        ("a file of ours", format!(r#"{{"name": "sco", "url": "{url}&sslkey=/etc/k&sslcert=/etc/c"}}"#), "sco",     Some("names a file of this machine")),
        ("a parameter",    format!(r#"{{"name": "sco", "url": "{url}&hunter2=x"}}"#),                 "sco",          Some("a parameter that nobody knows")),
        ("opportunistic",  format!(r#"{{"name": "sco", "url": "{}"}}"#, url.replace("require", "prefer")), "sco",   Some("anybody can read or fake")),
        ("the registry",   r#"{"name": "sco", "url": "postgres://x:hunter2@127.0.0.1/central"}"#.to_owned(), "sco", Some("points back at the registry")),
        ("its manifest",   format!(r#"{{"name": "sco", "url": "{url}", "manifest": "hunter2"}}"#), "sco",           Some("names a manifest that does not exist")),
        ("its labels",     format!(r#"{{"name": "sco", "url": "{url}", "labels": {{"a b": "x"}}}}"#), "sco",        Some("labels may not have")),
        ("no labels",      format!(r#"{{"name": "sco", "url": "{url}", "labels": "hunter2"}}"#), "sco",             Some("no object of texts")),
    ];
    let discovery = discovery(hosts);
    for (case, row, name, reason) in cases {
        let columns = serde_json::from_str(&row).unwrap();
        let all = tenants(&discovery, vec![Row::read(&columns)], |it| it == "central");
        let [tenant] = all.as_slice() else { panic!("{case}") };
        assert!(tenant.name.starts_with(name) && is_name(&tenant.name), "{case}: {}", tenant.name);
        let manifest = Arc::clone(&discovery.tenants.manifest);
        let manifests = [(manifest.name.clone(), manifest)].into();
        let database = database(tenant, &discovery, &manifests);
        match (&database.connection, reason) {
            (ConnectionSource::Parsed(_), None) => {}
            (ConnectionSource::Unusable { reason: told }, Some(reason)) => {
                assert!(told.contains(reason), "{case}: {told}");
                assert!(
                    !told.contains("hunter2") && !tenant.name.contains("hunter2"),
                    "{case}: {told}"
                );
            }
            (other, _) => panic!("{case}: {other:?}"),
        }
    }
}

/// Each audit of a compute that is suspended when idle wakes it, whoever named it.
#[test]
fn a_tenant_that_scales_to_zero_is_audited_four_times_a_day_where_nobody_says_when() {
    let of = |more: &str, host: &str| {
        let discovery = discovery(more);
        let url = format!("postgres://a:b@{host}/x");
        let columns = serde_json::json!({ "name": "sco", "url": url });
        let row = Row::read(columns.as_object().expect("an object"));
        let all = tenants(&discovery, vec![row], |_| false);
        let manifest = Arc::clone(&discovery.tenants.manifest);
        database(&all[0], &discovery, &[(manifest.name.clone(), manifest)].into())
    };
    let neon = "ep-cool-1.eu-central-1.aws.neon.tech";
    let it = of(", min_interval: 1h, watch: true", neon);
    assert!(it.scales_to_zero && it.watch && it.observer);
    assert_eq!(it.min_interval, std::time::Duration::from_hours(1));
    assert!(it.schedule.describe().starts_with("every 6h"), "{}", it.schedule.describe());
    let it = of(", audit_schedule: {every: 2h}", neon);
    assert!(it.schedule.describe().starts_with("every 2h"), "{}", it.schedule.describe());
    let it = of("", "db.example");
    assert!(!it.scales_to_zero && !it.watch && !it.observer);
    assert!(!it.schedule.describe().starts_with("every 6h"), "{}", it.schedule.describe());
}

#[test]
fn rows_of_one_name_are_one_tenant() {
    let discovery = discovery("");
    let row = |url: &str| {
        let columns = serde_json::json!({ "name": "sco", "url": url, "labels": { "team": "red" } });
        Row::read(columns.as_object().unwrap())
    };
    let (one, other) = ("postgres://a@h/x", "postgres://a@h/y");
    let all = tenants(&discovery, vec![row(one), row(one)], |_| false);
    assert!(matches!(all.as_slice(), [it] if matches!(it.way, Way::Url(_))), "{all:?}");
    assert_eq!(all[0].labels["team"], "red");
    let all = tenants(&discovery, vec![row(one), row(other), row(one)], |_| false);
    let [it] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(it.way, Way::Senseless("the registry names it in rows that differ".to_owned()));
}
