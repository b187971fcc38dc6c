//! `discover:`, good and bad, with the exact words that a person reads.

use super::*;
use crate::connection::Password;

const FROM: &str =
    "databases:\n  - {name: central, url: \"postgres://a@127.0.0.1/central\", manifest: central}\n";

/// One entry, in flow style, with the usual name and manifest.
fn entry(more: &str) -> String {
    format!("{FROM}discover:\n  - {{name: d, manifest: orchestra, {more}}}\n")
}

#[test]
fn every_kind_of_registry_is_read() {
    let folder = Folder::new();
    folder.put("password", "hunter2\n");
    folder.put("tenants/a.yaml", "databases: []\n");
    let key = folder.0.path().join("key");
    fs::write(&key, "ab".repeat(32)).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let config = folder
        .load(&format!(
            "{FROM}state: {{encryption_key_file: key}}\ndiscover:\n\
             \x20 - name: orchestras\n    from: central\n    query: |\n      select name, host, dbname from public.\"Orchestra\";\n\
             \x20   url_template: \"postgres://auditor@{{host}}/{{dbname}}\"\n    password_file: password\n\
             \x20   allow_hosts: [\"*.Supabase.co\", db.example]\n    deny_networks: [169.254.0.0/16]\n\
             \x20   manifest: orchestra\n    labels: {{team: platform}}\n    schedule: {{every: 1m}}\n    min_fraction: 0.5\n\
             \x20   audit_schedule: {{every: 1h}}\n    confirm_failing: 2\n\
             \x20 - {{name: server, from: central, databases: {{include: [\"t_*\"], exclude: t_test}}, manifest: orchestra}}\n\
             \x20 - {{name: files, files: \"tenants/*.yaml\", manifest: orchestra}}\n"
        ))
        .unwrap();
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    assert_eq!(config.state.encryption_key.as_ref().unwrap().expose(), "ab".repeat(32));
    let [query, server, files] = config.discoveries.as_slice() else { panic!("three") };
    let RegistrySource::Query { from, sql, template } = &query.source else { panic!("a query") };
    assert_eq!(from.name, "central");
    assert_eq!(sql, "select name, host, dbname from public.\"Orchestra\"");
    assert!(template.is_some());
    assert_eq!(query.hosts.allow, ["*.supabase.co", "db.example"]);
    assert!((query.min_fraction - 0.5).abs() < f64::EPSILON);
    assert_eq!(query.tenants.life.confirm_failing, 2);
    assert!(matches!(query.tenants.connection.password, Some(Password::File(_))));
    assert_eq!(query.tenants.schedule.describe(), "every 1h");
    assert_eq!(query.refresh.describe(), "every 1m");
    let RegistrySource::Databases { include, exclude, .. } = &server.source else {
        panic!("a server")
    };
    assert_eq!((include.len(), exclude.len()), (1, 1));
    assert_eq!(server.refresh.describe(), "every 5m");
    assert!((server.min_fraction - 0.8).abs() < f64::EPSILON);
    let RegistrySource::Files { folder: path, name, .. } = &files.source else { panic!("files") };
    assert_eq!((path, name.text()), (&folder.0.path().join("tenants"), "*.yaml"));
    // Nothing that libpq would find by itself goes to hosts that nobody named.
    assert_eq!(files.tenants.connection.password, Some(Password::Withheld));
}

#[test]
fn what_a_discovery_may_not_say() {
    let template = |more: &str| {
        entry(&format!("from: central, query: \"select 1\", url_template: \"postgres://{more}\""))
    };
    #[rustfmt::skip]
    let cases = [
        ("no registry", entry("from: central"),
            vec!["c.yaml:4:12: discover[0]: `query`, `databases` or `files` is required; keep one of the three"]),
        ("two registries", entry("from: central, query: select 1, databases: {}"),
            vec!["c.yaml:4:79: discover[0]: `query` and `databases` together; keep one of the three"]),
        ("no from", entry("query: select 1"),
            vec!["c.yaml:4:12: discover[0]: `from` is required: the database that `query` is asked of"]),
        ("another from", entry("from: centrall, query: select 1"),
            vec!["c.yaml:4:42: discover[0].from: there is no database `centrall`; did you mean `central`?"]),
        ("from of files", entry("from: central, files: \"*.yaml\""),
            vec!["c.yaml:4:42: discover[0].from: is of no use with `files`; take it out: files name their databases by themselves"]),
        ("an empty query", entry("from: central, query: \" ; \""),
            vec!["c.yaml:4:58: discover[0].query: must not be empty"]),
        ("a glob in a folder", entry("files: \"*/a.yaml\""),
            vec!["c.yaml:4:43: discover[0].files: `*` and `?` may stand in the last part of the path alone; for example: tenants/*.yaml"]),
        ("no manifest", entry("from: central, query: select 1").replace("manifest: orchestra, ", "manifest: orchestrra, "),
            vec!["c.yaml:4:25: discover[0].manifest: there is no manifest `orchestrra`; did you mean `orchestra`?"]),
        ("a share", entry("from: central, query: select 1, min_fraction: 80"),
            vec!["c.yaml:4:82: discover[0].min_fraction: must be from 0 to 1"]),
        ("a placeholder", template("a@{hots}/{dbname}"),
            vec!["c.yaml:4:84: discover[0].url_template: there is no placeholder `{hots}`; did you mean `{host}`?"]),
        ("no placeholder", template("a@h/d"),
            vec!["c.yaml:4:84: discover[0].url_template: has no place for what a row says, so every row would be one database; for example: postgres://auditor@{host}/{dbname}"]),
        ("a template that is none", template("a@h/{dbname}?options=x"),
            vec!["c.yaml:4:84: discover[0].url_template: does not become a connection: parameter `options` is refused"]),
        ("a template that names a file", template("a@h/{dbname}?passfile=x"),
            vec!["c.yaml:4:84: discover[0].url_template: does not become a connection: `passfile` names a file of this machine, which a registry may not"]),
        ("a secret for any host", template("a:hunter2@{host}/{dbname}"),
            vec!["c.yaml:4:84: discover[0].allow_hosts: is required: a password of this file would go to whatever host a row names; name the hosts that may receive it: allow_hosts: [\"*.supabase.co\"]"]),
        ("a host that is none", entry("from: central, query: select 1, allow_hosts: [\"*\", \"a/b\"]"),
            vec!["c.yaml:4:82: discover[0].allow_hosts[0]: `*` is no host; write a host as URLs do, or `*.example.com` for every host below it",
                 "c.yaml:4:87: discover[0].allow_hosts[1]: `a/b` is no host; write a host as URLs do, or `*.example.com` for every host below it"]),
        ("no hosts", entry("from: central, query: select 1, allow_hosts: []"),
            vec!["c.yaml:4:81: discover[0].allow_hosts: allows nothing, so no database could be reached; leave it out to allow every host"]),
        ("of no use with databases", entry("from: central, databases: {}, allow_hosts: [h]"),
            vec!["c.yaml:4:79: discover[0].allow_hosts: is of no use with `databases`, which are reached as `from` is; take it out"]),
        ("one name twice", format!("{}  - {{name: d, manifest: orchestra, from: central, query: select 2}}\n", entry("from: central, query: select 1")),
            vec!["c.yaml:5:12: discover[1].name: the name `d` is taken at 4:12"]),
        ("a key", entry("from: central, query: select 1, min_fracton: 1"),
            vec!["c.yaml:4:68: discover[0].min_fracton: unknown key; did you mean `min_fraction`?"]),
        ("a key file that is not there", format!("{FROM}state: {{encryption_key_file: nowhere}}\n"),
            vec!["c.yaml:3:30: state.encryption_key_file: the file `nowhere` cannot be read: No such file or directory (os error 2); make one: (umask 077; openssl rand -hex 32 > schemawarden.key)"]),
    ];
    for (case, text, want) in cases {
        check(case, &text, &want);
    }
}

#[test]
fn a_password_file_goes_only_to_hosts_that_are_named() {
    let folder = Folder::new();
    folder.put("password", "hunter2\n");
    let text = entry("from: central, query: select 1, password_file: password");
    let mistakes = folder.load(&text).unwrap_err();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert!(mistakes[0].contains("allow_hosts: is required"), "{mistakes:?}");
    // Where the config names the host, no row can lead the password astray.
    let fixed = "from: central, query: select 1, password_file: password, url_template: \"postgres://a@db.example/{dbname}\"";
    folder.load(&entry(fixed)).unwrap();
    let port = fixed.replace("db.example/", "db.example:{port}/");
    assert!(folder.load(&entry(&port)).unwrap_err()[0].contains("allow_hosts: is required"));
}

#[test]
fn a_key_that_others_may_read_or_that_is_none_is_refused() {
    let folder = Folder::new();
    let config = format!("{FROM}state: {{encryption_key_file: key}}\n");
    folder.put("key", &"ab".repeat(32));
    let path = folder.0.path().join("key");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(
        folder.load(&config).unwrap_err(),
        [
            "c.yaml:3:30: state.encryption_key_file: the file `key` has mode 0640: others may use it; `chmod 600` it"
        ]
    );
    folder.put("key", "hunter2");
    assert_eq!(
        folder.load(&config).unwrap_err(),
        [
            "c.yaml:3:30: state.encryption_key_file: the file `key` holds no key; it has to be 32 bytes, as 64 hex digits or in base64: `openssl rand -hex 32`"
        ]
    );
}
