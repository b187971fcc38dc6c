//! Which failures are those of a whole server.

use super::*;

fn server(code: &str) -> TalkError {
    TalkError::Server { code: code.to_owned(), message: "no".to_owned() }
}

fn login(source: TalkError) -> IntrospectError {
    let text = || "x".to_owned();
    IntrospectError::Login { server: text(), host: text(), role: text(), database: text(), source }
}

fn read(source: TalkError) -> IntrospectError {
    let text = || "x".to_owned();
    IntrospectError::Read { server: text(), role: text(), database: text(), source }
}

fn timed_out(phase: Phase) -> IntrospectError {
    IntrospectError::TimedOut { server: String::new(), phase, limit: Duration::from_secs(5) }
}

fn connect() -> IntrospectError {
    IntrospectError::Connect {
        server: "db:5432".to_owned(),
        unreachable_ipv6: false,
        source: io::ErrorKind::ConnectionRefused.into(),
    }
}

fn tls(source: TlsError) -> IntrospectError {
    IntrospectError::Tls { server: "db:5432".to_owned(), host: "db".to_owned(), source }
}

#[test]
fn a_server_that_answers_was_reached() {
    let refused = || io::Error::from(io::ErrorKind::ConnectionReset);
    let lookup = || IntrospectError::Lookup {
        host: "db".to_owned(),
        source: io::ErrorKind::NotFound.into(),
    };
    for (case, error, want) in [
        ("no address", lookup(), true),
        ("no connection", connect(), true),
        ("no answer to TLS", tls(TlsError::Broken { source: refused() }), true),
        ("a wrong certificate", tls(TlsError::UnknownIssuer), false),
        ("no TLS", tls(TlsError::NotOffered), false),
        ("it hangs up", login(TalkError::Closed), true),
        ("starting up", login(server("57P03")), true),
        ("too many connections", login(server("53300")), true),
        ("a wrong password", login(server("28P01")), false),
        ("no such database", login(server("3D000")), false),
        ("no such database, says PgBouncer", login(server("08P01")), false),
        ("no password is known", login(TalkError::NoPassword { passed_over: None }), false),
        ("it broke while reading", read(TalkError::Closed), false),
        ("time ran out before an answer", timed_out(Phase::Authenticating), true),
        ("time ran out for our own part", timed_out(Phase::Credentials), false),
        ("a slow catalog", timed_out(Phase::Reading), false),
    ] {
        assert_eq!(error.is_unreachable(), want, "{case}: {error:?}");
    }
    let each = |failures| IntrospectError::NoHost { failures };
    assert!(each(vec![connect(), lookup()]).is_unreachable());
    assert!(!each(vec![connect(), login(server("28P01"))]).is_unreachable());
}
