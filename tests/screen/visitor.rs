//! Somebody who reads pages and sends forms, without a script: plain HTTP, one cookie, and the proof that
//! each form carries.

use std::net::SocketAddr;

use url::Url;
use url::form_urlencoded;

use crate::support::daemon::TestDaemon;
use crate::support::http::Got;
use crate::support::http::exchange;
use crate::support::http::header;

/// One answer.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Page {
    /// Panics with the page unless it says each of these.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) {
        for it in words {
            assert!(self.body.contains(it), "nothing of `{it}`:\n{}", self.text());
        }
    }

    /// Panics with the page if it says any of these.
    #[track_caller]
    pub(crate) fn says_nothing_of(&self, words: &[&str]) {
        for it in words {
            assert!(!self.body.contains(it), "it says `{it}`:\n{}", self.text());
        }
    }

    /// The values of an attribute, unescaped as far as a URL needs it.
    pub(crate) fn values(&self, attribute: &str) -> Vec<String> {
        let before = format!(" {attribute}=\"");
        let all = self.body.split(&before).skip(1);
        all.filter_map(|it| it.split('"').next()).map(|it| it.replace("&amp;", "&")).collect()
    }

    /// What stands between its tags, for the message of a failed test.
    fn text(&self) -> String {
        let pieces = self.body.split('<').filter_map(|it| it.split_once('>'));
        let said = pieces.map(|(_, text)| text.trim()).filter(|it| !it.is_empty());
        format!("{}\n{}", self.head, said.collect::<Vec<_>>().join("\n"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

/// A reader, who may sign in.
#[derive(Debug)]
pub(crate) struct Visitor {
    address: SocketAddr,
    cookie: Option<String>,
}

impl Visitor {
    /// Nobody in particular.
    pub(crate) fn of(daemon: &TestDaemon) -> Self {
        Self { address: daemon.address(), cookie: None }
    }

    /// Somebody with the daemon's own token.
    pub(crate) async fn signed_in(daemon: &TestDaemon) -> Self {
        let mut visitor = Self::of(daemon);
        let answer = visitor.send("/login", &[("token", &daemon.token())]).await;
        assert_eq!(answer.status, 303, "{answer:#?}");
        let cookie = answer.header("set-cookie").expect("a cookie");
        visitor.cookie = cookie.split(';').next().map(str::to_owned);
        visitor
    }

    /// `GET path`.
    pub(crate) async fn get(&self, path: &str) -> Page {
        self.request("GET", path, "", "").await
    }

    /// `GET path`, which has to be a page.
    pub(crate) async fn read(&self, path: &str) -> Page {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "{path}: {page:#?}");
        assert!(
            page.header("content-type").is_some_and(|it| it.starts_with("text/html")),
            "{path}"
        );
        page
    }

    /// Sends the form of the page `at` that goes to `to`, with these fields filled in beside the hidden
    /// ones; panics where the page has none. Returns the answer, whatever it is.
    pub(crate) async fn fill(&self, at: &str, to: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.read(at).await;
        let form = page
            .body
            .split("<form")
            .skip(1)
            .filter_map(|it| it.split("</form>").next())
            .find(|it| self.action(at, it) == to)
            .unwrap_or_else(|| panic!("no form of {at} goes to {to}:\n{}", page.body));
        let hidden: Vec<(String, String)> = form
            .split("type=\"hidden\"")
            .skip(1)
            .filter_map(|it| Some((value(it, "name")?, value(it, "value")?)))
            .filter(|(name, _)| fields.iter().all(|(it, _)| it != name))
            .collect();
        let all: Vec<(&str, &str)> = hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(fields.iter().copied())
            .collect();
        self.send(to, &all).await
    }

    /// The same, which has to lead back to a page; returns its path and the page.
    pub(crate) async fn act(&self, at: &str, to: &str, fields: &[(&str, &str)]) -> (String, Page) {
        let answer = self.fill(at, to, fields).await;
        assert_eq!(answer.status, 303, "{to}: {answer:#?}");
        let location = answer.header("location").expect("a location");
        // As a browser resolves it, below a path that a proxy puts before it.
        let there = self.url(&format!("/proxy{to}")).join(location).expect("a URL");
        let path = there.as_str().split_once("/proxy/").expect("below the same path").1;
        let path = format!("/{path}");
        let page = self.read(&path).await;
        (path, page)
    }

    /// Sends a form, whatever page it may come from.
    pub(crate) async fn send(&self, to: &str, fields: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = format!(
            "Origin: http://{}\r\nContent-Type: application/x-www-form-urlencoded\r\n",
            self.address
        );
        self.request("POST", to, &headers, &body).await
    }

    /// Where a link of the page `at` leads, without what follows `#`.
    pub(crate) fn leads(&self, at: &str, link: &str) -> String {
        let url = self.url(at).join(link).expect("a URL");
        assert_eq!(url.host_str(), Some(&*self.address.ip().to_string()), "{at}: {link}");
        match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        }
    }

    fn action(&self, at: &str, form: &str) -> String {
        value(form, "action").map_or_else(String::new, |it| self.leads(at, &it))
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).expect("a URL")
    }

    async fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> Page {
        let cookie = self.cookie.as_ref().map(|it| format!("Cookie: {it}\r\n"));
        // HTTP/1.0, so that the body ends with the connection and is never chunked.
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\n{}{headers}Content-Length: {}\r\n\r\n{body}",
            self.address,
            cookie.unwrap_or_default(),
            body.len()
        );
        let Got { status, head, body, .. } = exchange(self.address, None, &request).await;
        Page { status, head, body }
    }
}

/// The first value of an attribute.
fn value(html: &str, attribute: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!(" {attribute}=\""))?;
    Some(rest.split('"').next()?.replace("&amp;", "&"))
}
