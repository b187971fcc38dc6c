//! Who may reach the endpoint, and as whom: tokens and their roles, hosts, trusted proxies, certificates.

use rcgen::KeyPair;

use super::*;

/// A token that is long enough.
const TOKEN: &str = "hunter2-hunter2-hunter2-hunter2-hunter2";

/// A folder with a certificate, its key, and the key of another one.
fn folder() -> Folder {
    let folder = Folder::new();
    put_certificate(&folder);
    folder.put("tls/other.pem", &KeyPair::generate().unwrap().serialize_pem());
    folder.put("tls/none.pem", "hunter2\n");
    folder
}

/// Puts a certificate and its key where the examples name them.
pub(super) fn put_certificate(folder: &Folder) {
    let key = KeyPair::generate().unwrap();
    let names = vec!["warden.example".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    folder.put("tls/cert.pem", &certificate.pem());
    folder.put("tls/key.pem", &key.serialize_pem());
}

#[test]
fn everything_about_access_is_read() {
    let folder = folder();
    folder.put("ci.token", TOKEN);
    let config = folder
        .load(&format!(
            "{DATABASES}http:\n\
             \x20 listen: 0.0.0.0:443\n\
             \x20 hosts: [Warden.example, 192.0.2.1]\n\
             \x20 tokens: [{{name: ci, token_file: ci.token, role: read}}, {{name: ops, token_file: ci.token}}]\n\
             \x20 trusted_proxies: {{networks: [10.0.0.0/8, \"::1\"], user_header: X-Remote-User, role: operate}}\n\
             \x20 tls: {{cert_file: tls/cert.pem, key_file: tls/key.pem}}\n"
        ))
        .unwrap();
    let http = &config.http;
    assert!(!http.is_local());
    assert_eq!(http.hosts, ["warden.example", "192.0.2.1"]);
    let roles: Vec<_> = http.tokens.iter().map(|it| (it.name.as_str(), it.role)).collect();
    assert_eq!(roles, [("ci", Role::Read), ("ops", Role::Operate)]);
    let proxies = http.trusted_proxies.as_ref().unwrap();
    assert_eq!((proxies.user_header.as_str(), proxies.role), ("x-remote-user", Role::Operate));
    assert!(proxies.include("10.1.1.1".parse().unwrap()));
    assert_eq!(http.tls.as_ref().unwrap().cert_file, folder.0.path().join("tls/cert.pem"));
    assert!(config.warnings.is_empty(), "{:?}", folder.words(&config.warnings));
}

#[test]
fn nothing_said_is_the_machine_itself_with_a_token_of_its_own() {
    let config = Folder::new().load(DATABASES).unwrap();
    let http = &config.http;
    assert!(http.is_local() && http.hosts.is_empty() && http.tls.is_none());
    assert!(http.trusted_proxies.is_none());
    let [token] = http.tokens.as_slice() else { panic!("one token") };
    assert_eq!((token.name.as_str(), token.role), ("local", Role::Operate));
    let some = format!("{DATABASES}http: {{trusted_proxies: {{networks: [127.0.0.1]}}}}\n");
    let proxies = Folder::new().load(&some).unwrap().http.trusted_proxies.unwrap();
    assert_eq!((proxies.user_header.as_str(), proxies.role), ("x-forwarded-user", Role::Read));
}

#[test]
#[rustfmt::skip]
fn every_mistake_about_access_is_told() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("no token", "{listen: \"0.0.0.0:80\"}",
            &["c.yaml:3:16: http.listen: beyond loopback, nobody sees or changes anything without a token, and none is configured (one that the daemon makes does not count); hand one out: http: { tokens: [{ name: alice, token_file: alice.token }] }, made with `openssl rand -hex 32 > alice.token`; or listen on 127.0.0.1"]),
        ("a token that the daemon makes", "{listen: \"[::]:80\", token_file: x}",
            &["c.yaml:3:16: http.listen: beyond loopback, nobody sees or changes anything without a token, and none is configured (one that the daemon makes does not count); hand one out: http: { tokens: [{ name: alice, token_file: alice.token }] }, made with `openssl rand -hex 32 > alice.token`; or listen on 127.0.0.1"]),
        ("roles", "{tokens: [{name: a, token_file: token, role: reed}]}",
            &["c.yaml:3:52: http.tokens[0].role: there is no role `reed`; did you mean `read`?"]),
        ("hosts", "{hosts: [\"https://warden.example\", \"warden:80\", \"*.example.com\"]}",
            &["c.yaml:3:16: http.hosts[0]: `…` is not the name of a host; write the name alone, without scheme, port and path: warden.example.com",
              "c.yaml:3:42: http.hosts[1]: `warden:80` is not the name of a host; write the name alone, without scheme, port and path: warden.example.com",
              "c.yaml:3:55: http.hosts[2]: `*.example.com` is not the name of a host; write the name alone, without scheme, port and path: warden.example.com"]),
        ("proxies from nowhere", "{trusted_proxies: {role: read}}",
            &["c.yaml:3:25: http.trusted_proxies.networks: `networks` is required: where these proxies connect from; name them: networks: [127.0.0.1] for one on this machine"]),
        ("proxies from everywhere", "{trusted_proxies: {networks: [10.0.0.0/8, 0.0.0.0/0]}}",
            &["c.yaml:3:36: http.trusted_proxies.networks: a network of every address: anybody could say to be anybody; name the proxies' own addresses"]),
        ("proxies' words", "{trusted_proxies: {networks: [10.0.0.1/8], user_header: \"X User\", role: root, rolle: x}}",
            &["c.yaml:3:37: http.trusted_proxies.networks[0]: `10.0.0.1/8` is an address in a network; did you mean `10.0.0.0/8`?",
              "c.yaml:3:63: http.trusted_proxies.user_header: `X User` is not the name of a header; write it as X-Forwarded-User",
              "c.yaml:3:79: http.trusted_proxies.role: there is no role `root`",
              "c.yaml:3:85: http.trusted_proxies.rolle: unknown key; did you mean `role`?"]),
        ("a header that is taken", "{trusted_proxies: {networks: [10.0.0.1], user_header: Authorization}}",
            &["c.yaml:3:61: http.trusted_proxies.user_header: `Authorization` means something else; write it as X-Forwarded-User"]),
        ("half of TLS", "{tls: {cert_file: tls/cert.pem}}",
            &["c.yaml:3:13: http.tls: `key_file` is required"]),
        ("files that are not there", "{tls: {cert_file: no.pem, key_file: tls/key.pem}}",
            &["c.yaml:3:25: http.tls.cert_file: the file `no.pem` cannot be read: No such file or directory (os error 2)"]),
        ("no certificate", "{tls: {cert_file: tls/none.pem, key_file: tls/key.pem}}",
            &["c.yaml:3:25: http.tls.cert_file: the file `tls/none.pem` holds no PEM certificate"]),
        ("no key", "{tls: {cert_file: tls/cert.pem, key_file: tls/none.pem}}",
            &["c.yaml:3:49: http.tls.key_file: the file `tls/none.pem` holds no PEM private key (an encrypted one cannot be used)"]),
    ];
    let mut wrong = Vec::new();
    for (case, http, want) in cases {
        let folder = folder();
        folder.put("token", TOKEN);
        let got = folder.load(&format!("{DATABASES}http: {http}\n")).map(|_| ()).unwrap_err();
        if got != *want {
            wrong.push((case, got));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let folder = folder();
    let mixed = "http: {tls: {cert_file: tls/cert.pem, key_file: tls/other.pem}}";
    let got = folder.load(&format!("{DATABASES}{mixed}\n")).map(|_| ()).unwrap_err();
    assert!(got[0].starts_with("c.yaml:3:25: http.tls: `cert_file` and `key_file` do not serve together: "), "{got:?}");
}

#[test]
fn listening_in_the_clear_is_a_warning() {
    let listen = "c.yaml:3:16: http.listen: beyond loopback without TLS";
    for (more, warned) in [
        ("", true),
        (", tls: {cert_file: tls/cert.pem, key_file: tls/key.pem}", false),
        (", trusted_proxies: {networks: [10.0.0.1]}", false),
    ] {
        let folder = folder();
        folder.put("token", TOKEN);
        let text = format!(
            "{DATABASES}http: {{listen: \"0.0.0.0:80\", tokens: [{{name: a, token_file: token}}]{more}}}\n"
        );
        let config = folder.load(&text).unwrap();
        let words = folder.words(&config.warnings);
        assert_eq!(words.iter().any(|it| it.starts_with(listen)), warned, "{more}: {words:?}");
    }
    // A key that others may read.
    let folder = folder();
    let key = folder.0.path().join("tls/key.pem");
    fs::set_permissions(key, fs::Permissions::from_mode(0o644)).unwrap();
    let tls = "http: {tls: {cert_file: tls/cert.pem, key_file: tls/key.pem}}";
    let config = folder.load(&format!("{DATABASES}{tls}\n")).unwrap();
    let words = folder.words(&config.warnings);
    assert!(words[0].contains("http.tls.key_file") && words[0].contains("0644"), "{words:?}");
}
