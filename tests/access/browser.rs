//! Requests as a browser makes them, and as nobody should.

use std::net::IpAddr;
use std::net::SocketAddr;

use crate::support::http::Got;
use crate::support::http::exchange;

/// Who asks: where, from which address, with which headers and which cookie.
#[derive(Clone, Debug)]
pub(super) struct Browser {
    address: SocketAddr,
    from: Option<IpAddr>,
    host: String,
    headers: String,
    cookie: Option<String>,
}

impl Browser {
    /// One on the machine itself.
    pub(super) fn new(address: SocketAddr) -> Self {
        let host = format!("127.0.0.1:{}", address.port());
        Self { address, from: None, host, headers: String::new(), cookie: None }
    }

    /// One that connects from another address of the machine.
    pub(super) fn from(self, address: &str) -> Self {
        Self { from: Some(address.parse().expect("an address")), ..self }
    }

    /// One that names another host.
    pub(super) fn host(self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self }
    }

    /// One that sends one more header with each request.
    pub(super) fn with(mut self, header: &str) -> Self {
        self.headers.push_str(header);
        self.headers.push_str("\r\n");
        self
    }

    /// One that presents a token with each request.
    pub(super) fn bearer(self, token: &str) -> Self {
        self.with(&format!("Authorization: Bearer {token}"))
    }

    /// One with this cookie and no other.
    pub(super) fn cookie(self, cookie: Option<&str>) -> Self {
        Self { cookie: cookie.map(str::to_owned), ..self }
    }

    /// The cookie that it was given.
    pub(super) fn given(&self) -> &str {
        self.cookie.as_deref().expect("it has signed in")
    }

    /// Where its pages come from.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.host)
    }

    pub(super) async fn get(&self, path: &str) -> Got {
        self.send("GET", path, "", "").await
    }

    /// Sends a form as a page of our own does.
    pub(super) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Got {
        let origin = format!("Origin: {}\r\n", self.origin());
        self.post(path, &origin, fields).await
    }

    /// Sends a form with these header lines.
    pub(super) async fn post(&self, path: &str, headers: &str, fields: &[(&str, &str)]) -> Got {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let headers = format!("Content-Type: application/x-www-form-urlencoded\r\n{headers}");
        self.send("POST", path, &headers, &form.finish()).await
    }

    /// Signs in; keeps the cookie.
    pub(super) async fn sign_in(&self, token: &str) -> Self {
        let got = self.submit("/login", &[("token", token), ("next", "/")]).await.expect(303);
        let set = got.header("set-cookie").expect("a cookie");
        self.clone().cookie(set.split(';').next())
    }

    /// What the forms of a page carry.
    pub(super) async fn proof(&self, path: &str) -> String {
        let page = self.get(path).await.expect(200);
        let (_, rest) = page.body.split_once("name=\"proof\" value=\"").expect("a form");
        rest.split('"').next().expect("its value").to_owned()
    }

    /// Any request; each header line ends with `\r\n`.
    pub(super) async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Got {
        let cookie = self.cookie.as_ref().map(|it| format!("Cookie: {it}\r\n")).unwrap_or_default();
        let length = match method {
            "GET" => String::new(),
            _ => format!("Content-Length: {}\r\n", body.len()),
        };
        self.raw(&format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{}{cookie}{headers}{length}Connection: close\r\n\r\n{body}",
            self.host, self.headers
        ))
        .await
    }

    /// These bytes, and the answer to them.
    pub(super) async fn raw(&self, request: &str) -> Got {
        exchange(self.address, self.from, request).await
    }
}
