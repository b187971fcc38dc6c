//! Rows that lead where they should not, or nowhere: each is one `unknown` database, and the others are
//! audited.

use super::fleet::Fleet;
use crate::support::cli::CANARY;
use crate::support::fixtures;

#[tokio::test]
async fn a_row_that_makes_no_sense_fails_nobody_else() {
    let mut fleet = Fleet::of(&["sco"]).await;
    let url = fleet.tenants[0].url.clone();
    let port = url.rsplit_once(':').unwrap().1.split_once('/').unwrap().0.to_owned();
    let socket = format!("postgres://a:{CANARY}@%2Ftmp:{port}/x");
    let rows: Vec<(&str, String)> = vec![
        ("socket", socket),
        ("file", "file:///etc/passwd".to_owned()),
        ("elsewhere", format!("postgres://a:{CANARY}@evil.example:{port}/x")),
        (
            "both",
            url.replace("127.0.0.1", "127.0.0.1,evil.example").replace(&format!(":{port}"), ""),
        ),
        ("passfile", format!("{}?passfile=/etc/passwd", url.replace(CANARY, ""))),
        ("registry", fleet.central_url.clone()),
        ("central", url.clone()),
        ("twice", url.clone()),
        ("twice", format!("{url}2")),
        ("same", url.clone()),
        ("same", url.clone()),
        ("with space", url.clone()),
        ("none", String::new()),
    ];
    for (name, url) in &rows {
        fleet.name(name, url).await;
    }
    fleet.add("scoso").await;
    let workspace = fixtures::workspace(&fleet.config("allow_hosts: [127.0.0.1]"));
    let run = workspace.run(&["check", "--format", "json"]).await;
    run.ended(2);
    let report = run.report();
    for (name, words) in [
        ("socket", "names a Unix socket"),
        ("file", "not a PostgreSQL URL"),
        ("elsewhere", "not among `allow_hosts`"),
        ("both", "not among `allow_hosts`"),
        ("passfile", "names a file of this machine"),
        ("registry", "points back at the registry"),
        ("twice", "in rows that differ"),
        ("none", "has no `url`"),
    ] {
        let reason = report.unknown_because(name);
        assert!(reason.contains(words), "{name}: {reason}");
    }
    for name in ["central", "sco", "scoso", "same"] {
        assert_eq!(report.database(name)["verdict"], "clean", "{name}");
    }
    let all = report.0["databases"].as_array().unwrap();
    let of = |words: &str| {
        let fits =
            |it: &&serde_json::Value| it["reason"].as_str().is_some_and(|it| it.contains(words));
        let found: Vec<_> = all.iter().filter(fits).collect();
        assert_eq!(found.len(), 1, "{words}");
        found[0]["database"].as_str().unwrap().to_owned()
    };
    let names = [of("its name in the registry is none"), of("that of another registered database")];
    for name in &names {
        assert!(name.starts_with("orchestras-row-"), "{name}");
    }
    // The names stay the same at the next look.
    let again = workspace.run(&["discover"]).await;
    again.ended(2).says(&names[0]).says(&names[1]);
}

/// The address is what counts, whatever name it has. Nobody connects there.
#[tokio::test]
async fn a_host_in_a_denied_network_is_never_connected_to() {
    let fleet = Fleet::of(&["sco"]).await;
    let trap = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    trap.set_nonblocking(true).expect("a socket");
    let port = trap.local_addr().expect("bound").port();
    let hosts = [
        ("literal", "127.0.0.1"),
        ("named", "localhost"),
        ("short", "127.1"),
        ("hex", "0x7f000001"),
        ("mapped", "[::ffff:127.0.0.1]"),
        ("metadata", "169.254.169.254"),
    ];
    for (name, host) in hosts {
        fleet.name(name, &format!("postgres://a:{CANARY}@{host}:{port}/x?sslmode=disable")).await;
    }
    let config = fleet.config("deny_networks: [127.0.0.0/8, 169.254.0.0/16, \"::1/128\"]");
    let run = fixtures::workspace(&config).run(&["check", "--format", "json"]).await;
    run.ended(2);
    let report = run.report();
    for (name, _) in hosts {
        let reason = report.unknown_because(name);
        assert!(reason.contains("which is in a network of `deny_networks`"), "{name}: {reason}");
    }
    assert_eq!(report.database("central")["verdict"], "clean", "`from` is of the config");
    let nobody = trap.accept().expect_err("nobody connects");
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

/// Without `allow_hosts` nothing that libpq would find by itself leaves: a registry chooses the host.
#[tokio::test]
async fn a_password_of_ours_goes_to_no_host_that_a_row_chose() {
    let fleet = Fleet::of(&[]).await;
    let tenant = crate::support::postgres::TestDatabase::create("sco").await;
    let role = tenant.create_role("auditor").await;
    let bare = tenant.url(&role).replace(&format!(":{}@", role.password), "@");
    fleet.name("sco", &bare).await;
    let with =
        |more: &str| fixtures::workspace(&fleet.config(more)).env("PGPASSWORD", &role.password);
    let run = with("").run(&["check", "--format", "json", "sco"]).await;
    run.ended(2);
    let reason = run.report().unknown_because("sco").to_owned();
    assert!(reason.contains("asks for a password and none is known"), "{reason}");
    let run = with("allow_hosts: [127.0.0.1]").run(&["check", "--format", "json", "sco"]).await;
    // Now it gets in, and finds an empty database.
    run.ended(1);
}

/// The row chooses `sslmode`, too. Nothing listens there, and nobody tries.
#[tokio::test]
async fn a_password_of_ours_goes_to_no_server_that_need_not_prove_who_it_is() {
    let fleet = Fleet::of(&["sco"]).await;
    for (name, more) in [
        ("disable", "sslmode=disable"),
        ("require", "sslmode=require"),
        ("verify-ca", "sslmode=verify-ca"),
        ("verify", "sslmode=verify-full"),
        ("default", "connect_timeout=1"),
    ] {
        fleet.name(name, &format!("postgres://auditor@db.invalid/x?{more}")).await;
    }
    fleet.name("own", &format!("postgres://a:{CANARY}@db.invalid/x?sslmode=require")).await;
    let config = fleet.config("password_file: secret, allow_hosts: [db.invalid, 127.0.0.1]");
    let workspace = fixtures::workspace(&config);
    workspace.rewrite("secret", CANARY);
    let run = workspace.run(&["check", "--format", "json"]).await;
    run.ended(2);
    let report = run.report();
    let refused = "need not prove who it is";
    for name in ["disable", "require", "verify-ca"] {
        let reason = report.unknown_because(name);
        assert!(
            reason.contains(refused) && reason.contains("`insecure: true`"),
            "{name}: {reason}"
        );
    }
    // A proven server may have it, and what the row brings along is the row's own affair.
    for name in ["verify", "default", "own"] {
        let reason = report.unknown_because(name);
        assert!(!reason.contains(refused), "{name}: {reason}");
    }
    assert_eq!(report.database("sco")["verdict"], "clean");
}
