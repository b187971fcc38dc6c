//! What `WebDriver` has no command for: the debugger's own commands, its console, and scripts that a
//! page's `Content-Security-Policy` does not bind.

use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::Value;
use serde_json::json;
use url::ParseError;
use url::Url;

use super::Browser;

/// A POST to an endpoint that only chromedriver has.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (axum::http::Method, Option<String>) {
        (axum::http::Method::POST, Some(self.body.to_string()))
    }
}

impl Browser {
    /// One command of the debugger: `Page.captureScreenshot`.
    pub(super) async fn command(&self, command: &str, parameters: Value) -> Value {
        self.try_command(command, parameters)
            .await
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    async fn try_command(&self, command: &str, parameters: Value) -> Result<Value, CmdError> {
        let body = json!({ "cmd": command, "params": parameters });
        self.client.issue_cmd(Extension { path: "goog/cdp/execute", body }).await
    }

    /// The value of an expression in the page. One that is a promise is waited for.
    pub(crate) async fn eval(&self, expression: &str) -> Value {
        self.try_eval(expression).await.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// The same where the page may be on its way to another one.
    pub(crate) async fn try_eval(&self, expression: &str) -> Result<Value, String> {
        let parameters = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
        });
        let answer = self.try_command("Runtime.evaluate", parameters).await;
        let mut answer = answer.map_err(|error| error.to_string())?;
        if answer["exceptionDetails"].is_object() {
            return Err(format!("{:#}", answer["exceptionDetails"]));
        }
        Ok(answer["result"]["value"].take())
    }

    /// Errors and warnings of the console since the last look: what a script threw, what a policy
    /// forbade, what could not be loaded.
    pub(crate) async fn console_errors(&self) -> Vec<String> {
        let body = json!({ "type": "browser" });
        let log = self.client.issue_cmd(Extension { path: "se/log", body }).await;
        let log = log.expect("chromedriver keeps a log");
        let lines = log.as_array().expect("a list of lines").iter();
        lines
            .filter(|it| it["level"] == "SEVERE" || it["level"] == "WARNING")
            .map(|it| it["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}
