//! Connection strings, good and bad.

use proptest::prelude::*;

use super::*;

fn show(connection: &Connection) -> String {
    let hosts: Vec<String> = connection.hosts.iter().map(ToString::to_string).collect();
    let mut words = vec![hosts.join(",")];
    words.extend(connection.user.as_ref().map(|it| format!("u={it}")));
    words.extend(connection.database.as_ref().map(|it| format!("d={it}")));
    match &connection.password {
        Password::Inline(secret) => words.push(format!("p={}", secret.expose())),
        Password::Default => {}
        other => words.push(format!("{other:?}")),
    }
    words.push(connection.ssl_mode.word().to_owned());
    words.join(" ")
}

#[test]
#[rustfmt::skip]
fn connection_strings_are_read() {
    let cases = [
        // URLs
        ("postgres://", "/var/run/postgresql:5432 disable"),
        ("postgresql:///db", "/var/run/postgresql:5432 d=db disable"),
        ("  postgres://h/d\n", "h:5432 d=d verify-full"),
        ("postgres://u@h:6543/d", "h:6543 u=u d=d verify-full"),
        ("postgres://u:p@localhost/d", "localhost:5432 u=u d=d p=p disable"),
        ("postgres://u:p@LOCALHOST/d", "LOCALHOST:5432 u=u d=d p=p disable"),
        ("postgres://u:p@127.1.2.3/d", "127.1.2.3:5432 u=u d=d p=p disable"),
        ("postgres://u:@[::1]:5433/d", "[::1]:5433 u=u d=d disable"),
        ("postgres://[2001:db8::1]", "[2001:db8::1]:5432 verify-full"),
        ("postgres://[fe80::1%25eth0]:1", "[fe80::1%eth0]:1 verify-full"),
        ("postgres://u%40x:p%2F%3a%25%20%C3%BC@h/d%20b", "h:5432 u=u@x d=d b p=p/:% ü verify-full"),
        ("postgres://u:p?#&=+@h/d", "h:5432 u=u d=d p=p?#&=+ verify-full"),
        ("postgres://u:a:b@h/d", "h:5432 u=u d=d p=a:b verify-full"),
        ("postgres://a,b:2,[::1]:3/d", "a:5432,b:2,[::1]:3 d=d verify-full"),
        ("postgres://%2Frun%2Fpg/d", "/run/pg:5432 d=d disable"),
        ("postgres:///d?host=/run/pg&port=5433&user=u&password=p", "/run/pg:5433 u=u d=d p=p disable"),
        ("postgres://localhost/d?host=/run/pg", "/run/pg:5432 d=d disable"),
        ("postgres://h?dbname=x", "h:5432 d=x verify-full"),
        ("postgres://localhost,h/d", "localhost:5432,h:5432 d=d verify-full"),
        // TLS
        ("postgres://h/d?sslmode=disable", "h:5432 d=d disable"),
        ("postgres://h/d?sslmode=require", "h:5432 d=d require"),
        ("postgres://h/d?sslmode=require&sslrootcert=ca.pem", "h:5432 d=d verify-ca"),
        ("postgres://h/d?sslmode=verify-ca", "h:5432 d=d verify-ca"),
        ("postgres://h/d?sslrootcert=system", "h:5432 d=d verify-full"),
        ("postgres://localhost/d?sslmode=prefer", "localhost:5432 d=d prefer"),
        ("postgres://localhost/d?sslmode=verify-full", "localhost:5432 d=d verify-full"),
        ("postgres://h/d?ssl=true", "h:5432 d=d require"),
        // What others add
        ("postgres://h/d?schema=public&pgbouncer=true&connection_limit=1&pool_timeout=0&socket_timeout=5&statement_cache_size=0&sslaccept=strict&application_name=x&target_session_attrs=any&keepalives_idle=3&gssencmode=disable&fallback_application_name=y&supa=base-pooler.x",
            "h:5432 d=d verify-full"),
        // Keywords
        ("host=h", "h:5432 verify-full"),
        ("host = h  port= 2 dbname =d user=u password=p", "h:2 u=u d=d p=p verify-full"),
        (r"host=h password='a b\'\\c' user=u\ v", r"h:5432 u=u v p=a b'\c verify-full"),
        ("dbname='' password=''", "/var/run/postgresql:5432 disable"),
        ("host=a,b port=1,2", "a:1,b:2 verify-full"),
        ("host=a,b port=1", "a:1,b:1 verify-full"),
        ("hostaddr=127.0.0.1", "127.0.0.1:5432 disable"),
        ("host=/tmp sslmode=verify-full", "/tmp:5432 verify-full"),
        ("password=a=b host=h", "h:5432 p=a=b verify-full"),
    ];
    for (text, want) in cases {
        let got = parse(text, &ConnectionDefaults::default()).map(|it| show(&it));
        assert_eq!(got.as_deref(), Ok(want), "{text}");
    }
}

#[test]
#[rustfmt::skip]
fn bad_connection_strings_say_why() {
    let cases = [
        ("", "the connection string is empty"),
        (" \n", "the connection string is empty"),
        ("mysql://h/d", "not a PostgreSQL URL"),
        ("prisma://h/d", "not a PostgreSQL URL"),
        ("jdbc:postgresql://h/d", "not a PostgreSQL URL"),
        ("hello", "neither a URL nor libpq keywords (`host=… dbname=…`)"),
        ("host=h hello", "neither a URL nor libpq keywords (`host=… dbname=…`)"),
        ("=h", "neither a URL nor libpq keywords (`host=… dbname=…`)"),
        ("password='x", "a `'` is opened and not closed"),
        ("postgres://u:p@x@h/d", "an `@` that does not end the login, or a `/` before it"),
        ("postgres://u:p/x@h/d", "an `@` that does not end the login, or a `/` before it"),
        ("postgres://u:p%zz@h/d", "a `%` in the password is not followed by two hex digits"),
        ("postgres://u:p%4@h/d", "a `%` in the password is not followed by two hex digits"),
        ("postgres://u:p%00@h/d", "the password is not UTF-8 text, or holds NUL"),
        ("postgres://u%ff@h/d", "the user name is not UTF-8 text, or holds NUL"),
        ("postgres://[::1/d", "a `[` in the host is not closed, or holds no IPv6 address"),
        ("postgres://[h]/d", "a `[` in the host is not closed, or holds no IPv6 address"),
        ("postgres://h:0/d", "the port is not a number from 1 to 65535"),
        ("postgres://h:65536/d", "the port is not a number from 1 to 65535"),
        ("postgres://::1/d", "the port is not a number from 1 to 65535"),
        ("host=a,b,c port=1,2", "2 ports for 3 hosts"),
        ("host=a hostaddr=127.0.0.1", "`host` and `hostaddr` together are not supported"),
        ("host=@abstract", "abstract Unix sockets (`@…`) are not supported"),
        ("host=a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", "more than 16 hosts"),
        ("postgres://h/d?sslmod=require", "unknown parameter `sslmod`"),
        ("postgres://h/d?sslmode=no-verify", "`sslmode` is not one of disable, allow, prefer, require, verify-ca, verify-full"),
        ("postgres://h/d?sslmode=prefer", "`sslmode=prefer` to a remote host accepts a connection that anybody can read or fake"),
        ("postgres://h/d?sslmode=allow", "`sslmode=allow` to a remote host accepts a connection that anybody can read or fake"),
        ("postgres://localhost,h/d?sslmode=allow", "`sslmode=allow` to a remote host accepts a connection that anybody can read or fake"),
        ("postgres://h/d?sslmode=require&sslrootcert=system", "`sslrootcert=system` with `sslmode=require`, which does not check the name"),
        ("postgres://h/d?options=-c%20x=y", "parameter `options` is refused"),
        ("host=h options='-c x=y'", "parameter `options` is refused"),
        ("postgres://h/d?service=x", "parameter `service` is not supported"),
        ("postgres://h/d?sslcert=x", "`sslcert` without `sslkey`"),
        ("postgres://h/d?sslkey=x", "`sslkey` without `sslcert`"),
        ("postgres://h/d?user=a&user=b", "parameter `user` is there twice"),
        ("postgres://h/d?user", "`query` is not a list of `name=value` joined by `&`"),
        ("postgres://h/d?connect_timeout=5s", "`connect_timeout` is not a whole number of seconds"),
        ("postgres://h/d?channel_binding=yes", "`channel_binding` is not one of require, prefer, disable"),
        ("host=h\0", "the connection string is not UTF-8 text, or holds NUL"),
    ];
    for (text, want) in cases {
        let got = parse(text, &ConnectionDefaults::default()).map(|it| show(&it));
        assert_eq!(got.map_err(|it| it.to_string()), Err(want.to_owned()), "{text}");
    }
    let long = format!("postgres://{}/d", "h".repeat(20_000));
    let got = parse(&long, &ConnectionDefaults::default());
    assert_eq!(got, Err(ConnectionError::TooLong { limit: 16_384 }));
}

#[test]
fn help_names_what_was_meant() {
    let help = |text| parse(text, &ConnectionDefaults::default()).unwrap_err().help();
    assert_eq!(help("postgres://h/d?sslmod=x").as_deref(), Some("did you mean `sslmode`?"));
    assert!(help("postgres://h/d?options=x").unwrap().contains("ALTER ROLE"));
    assert!(help("postgres://u:a/b@h/d").unwrap().contains("%2F"));
}

#[test]
fn config_fills_what_the_text_leaves_open() {
    let defaults = ConnectionDefaults {
        insecure: true,
        ssl_root_cert: Some("/etc/ca.pem".into()),
        password: Some(Password::File("/run/secret".into())),
        directory: "/etc/warden".into(),
        ..ConnectionDefaults::default()
    };
    let read = |text| parse(text, &defaults).unwrap();
    let left_open = read("postgres://h/d?sslmode=prefer&connect_timeout=7&channel_binding=require");
    assert_eq!(left_open.ssl_mode, SslMode::Prefer);
    assert_eq!(left_open.ssl_root_cert, Some("/etc/ca.pem".into()));
    assert_eq!(left_open.password, Password::File("/run/secret".into()));
    assert_eq!(left_open.connect_timeout, Some(Duration::from_secs(7)));
    assert!(left_open.require_channel_binding);
    // A root from the defaults does not strengthen `require`; one in the text does, as in libpq.
    assert_eq!(read("postgres://h/d?sslmode=require").ssl_mode, SslMode::Require);

    let said = read("postgres://u:p@h/d?sslrootcert=ca.pem&sslcert=c.pem&sslkey=/k.pem");
    assert_eq!(said.password, Password::Inline(Secret::new("p")));
    assert_eq!(said.ssl_root_cert, Some("/etc/warden/ca.pem".into()));
    let client =
        ClientCertificate { certificate: "/etc/warden/c.pem".into(), key: "/k.pem".into() };
    assert_eq!(said.ssl_client, Some(client));
    assert_eq!(read("postgres://h?sslrootcert=system").ssl_root_cert, None);
    let passfile = read("host=h passfile=pass");
    assert_eq!(passfile.password, Password::PassFile("/etc/warden/pass".into()));
    assert_eq!(read("host=h connect_timeout=0").connect_timeout, None);
}

#[test]
fn a_server_is_host_and_port_and_project() {
    let cases = [
        ("postgres://u@h/d", "h:5432"),
        ("postgres://u@h:6543,i/d", "h:6543"),
        ("postgres://u.v@h/d", "h:5432"),
        ("postgres://u@[::1]/d", "[::1]:5432"),
        ("postgres:///d", "/var/run/postgresql:5432"),
        (
            "postgres://postgres.abcdef@aws-0-eu-central-1.pooler.supabase.com:6543/postgres",
            "aws-0-eu-central-1.pooler.supabase.com:6543/abcdef",
        ),
        (
            "postgres://postgres@aws-0.pooler.supabase.com/postgres",
            "aws-0.pooler.supabase.com:5432",
        ),
    ];
    for (text, want) in cases {
        let connection = parse(text, &ConnectionDefaults::default()).unwrap();
        assert_eq!(connection.server(), want, "{text}");
    }
}

/// Every way we know to break a text with a password in it, or with one that holds specials.
#[test]
fn no_error_holds_a_piece_of_a_password() {
    let shapes = [
        "postgres://u:PW@h:x/d",
        "postgres://u:PW@h/d?nosuch=1",
        "postgres://u:PW@h/d?sslmode=prefer",
        "postgres://u:PW@h/d?password=PW&PW=1",
        "postgres://u:PW",
        "postgres://u:PW/d?x=y",
        "postgres://h/d?password=PW",
        "postgres://h/d?password=PW&x=y",
        "postgresql:/u:PW@h/d",
        "postgre://u:PW@h/d",
        "u:PW@h/d",
        "PW",
        "host=h password=PW x",
        "host=h password=PW x=y",
        "host=h password='PW",
        "password=PW password=PW",
        "password PW",
    ];
    let passwords = [
        "hunter2",
        "hunter2@x",
        "x/hunter2",
        "x:hunter2",
        "x?hunter2=hunter2",
        "x&hunter2=hunter2",
        "x hunter2=hunter2",
        "x hunter2 y",
        "x%hunter2",
        "x#hunter2",
        "hunter2'",
        "[hunter2",
        "x@y/hunter2?hunter2=z",
        "hunter2://x",
        "sslmod&hunter2",
        "x&hunter",
        "\0hunter2",
    ];
    for shape in shapes {
        for password in passwords {
            // Without a host of its own, this is a good URL of another database.
            if password.contains('@')
                && shape.starts_with("postgres://u:PW")
                && !shape.contains("@h")
            {
                continue;
            }
            let text = shape.replace("PW", password);
            if let Err(error) = parse(&text, &ConnectionDefaults::default()) {
                let all = format!("{error} {error:?} {:?}", error.help());
                assert!(!all.contains("hunter"), "{text}: {all}");
            }
        }
    }
}

proptest! {
    /// Whatever the text, there is an answer; and a URL made of any parts is read back.
    #[test]
    fn any_text_has_an_answer(text in ".{0,60}", scheme in prop::sample::select(&["postgres://", "host=", ""])) {
        let _ = parse(&format!("{scheme}{text}"), &ConnectionDefaults::default());
    }

    #[test]
    fn any_login_can_be_spelled(user in "[^\0]{1,20}", password in "[^\0]{1,20}", database in "[^\0]{1,20}") {
        let encode = |it: &str| {
            percent_encoding::utf8_percent_encode(it, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let url = format!("postgres://{}:{}@h/{}", encode(&user), encode(&password), encode(&database));
        let quote = |it: &str| format!("'{}'", it.replace('\\', "\\\\").replace('\'', "\\'"));
        let words = format!("host=h user={} password={} dbname={}", quote(&user), quote(&password), quote(&database));
        for text in [url, words] {
            let connection = parse(&text, &ConnectionDefaults::default()).unwrap();
            prop_assert_eq!(connection.user.as_deref(), Some(user.as_str()));
            prop_assert_eq!(connection.database.as_deref(), Some(database.as_str()));
            prop_assert_eq!(connection.password, Password::Inline(Secret::new(password.as_str())));
        }
    }
}
