//! What a person does on a page: reads, clicks, writes, sends a form. Each is tried again while the
//! page redraws itself under the hand.

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::error::ErrorStatus;
use fantoccini::wd::Locator;
use serde_json::Value;
use serde_json::json;

use super::super::until;
use super::Browser;

impl Browser {
    /// What a person reads in every element that matches, one after the other.
    pub(crate) async fn text(&self, css: &str) -> String {
        let text = self.eval(&text_of(css)).await;
        text.as_str().expect("a text").to_owned()
    }

    /// Waits until one of the elements that match says `words`.
    pub(crate) async fn until_text(&self, css: &str, words: &str) -> String {
        until(&format!("`{css}` says `{words}`"), || async {
            let text = self.try_eval(&text_of(css)).await.ok()?;
            text.as_str().filter(|it| it.contains(words)).map(str::to_owned)
        })
        .await
    }

    /// Waits until an expression is true in the page.
    pub(crate) async fn until_true(&self, expression: &str) {
        until(expression, || async {
            let value = self.try_eval(expression).await.ok()?;
            (value == true).then_some(())
        })
        .await;
    }

    /// How many elements match.
    pub(crate) async fn count(&self, css: &str) -> u64 {
        let found = self.eval(&format!("document.querySelectorAll({}).length", json!(css))).await;
        found.as_u64().expect("a number")
    }

    /// Clicks the first element that matches and can be seen.
    pub(crate) async fn click(&self, css: &str) {
        until(&format!("a click on `{css}`"), || async {
            let element = self.visible(css).await?;
            settled(css, element.click().await)
        })
        .await;
    }

    /// Writes into a field in place of what stands there.
    pub(crate) async fn write(&self, css: &str, text: &str) {
        until(&format!("`{text}` in `{css}`"), || async {
            let element = self.visible(css).await?;
            settled(css, element.clear().await)?;
            settled(css, element.send_keys(text).await)?;
            // Redrawn meanwhile, it would be empty again, or another one.
            let written = element.prop("value").await.ok()??;
            (written == text).then_some(())
        })
        .await;
    }

    /// Keys to whatever has the focus.
    pub(crate) async fn keys(&self, keys: &str) {
        let element = self.client.active_element().await.expect("the page has the focus");
        element.send_keys(keys).await.expect("it takes keys");
    }

    /// Fills the fields of a form and sends it, after unfolding what hides it.
    pub(crate) async fn submit(&self, form: &str, fields: &[(&str, &str)]) {
        self.unfold(form).await;
        for (name, text) in fields {
            let field = format!("{form} [name={name}]");
            if self.eval(&format!("{}.tagName", one(&field))).await == "SELECT" {
                self.choose(&field, text).await;
            } else {
                self.write(&field, text).await;
            }
        }
        self.click(&format!("{form} button:not([type=button])")).await;
    }

    /// Opens every closed `details` around the first element that matches, the outermost first.
    pub(crate) async fn unfold(&self, css: &str) {
        until(&format!("`{css}` unfolded"), || async {
            let fold = format!(
                "(() => {{ let found = null;\
                   for (let it = {}; it; it = it.parentElement)\
                     if (it.localName === 'details' && !it.open) found = it;\
                   document.querySelectorAll('[data-test-fold]')\
                     .forEach(it => it.removeAttribute('data-test-fold'));\
                   found?.querySelector('summary').setAttribute('data-test-fold', '');\
                   return {0} === null ? 'missing' : found === null ? 'open' : 'closed'; }})()",
                one(css)
            );
            match self.try_eval(&fold).await.ok()?.as_str()? {
                "open" => Some(()),
                "closed" => {
                    let summary = self.visible("[data-test-fold]").await?;
                    settled(css, summary.click().await)?;
                    None
                }
                _ => None,
            }
        })
        .await;
    }

    /// Chooses a value of a `select`.
    async fn choose(&self, css: &str, value: &str) {
        until(&format!("`{value}` chosen in `{css}`"), || async {
            let element = self.visible(css).await?;
            settled(css, element.select_by_value(value).await)
        })
        .await;
    }

    /// The first element that matches and can be seen.
    async fn visible(&self, css: &str) -> Option<Element> {
        for element in settled(css, self.client.find_all(Locator::Css(css)).await)? {
            if element.is_displayed().await.unwrap_or(false) {
                return Some(element);
            }
        }
        None
    }
}

/// `None` where the page has just been redrawn and it is worth another try. Panics on everything else.
#[track_caller]
fn settled<T>(what: &str, outcome: Result<T, CmdError>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(CmdError::Standard(error))
            if matches!(
                error.error,
                ErrorStatus::StaleElementReference
                    | ErrorStatus::NoSuchElement
                    | ErrorStatus::ElementNotInteractable
                    | ErrorStatus::ElementClickIntercepted
                    | ErrorStatus::InvalidElementState
                    | ErrorStatus::JavascriptError
            ) =>
        {
            None
        }
        Err(error) => panic!("{what}: {error}"),
    }
}

/// The first element that matches, as an expression.
fn one(css: &str) -> String {
    format!("document.querySelector({})", json!(css))
}

fn text_of(css: &str) -> String {
    let css = Value::from(css);
    format!("[...document.querySelectorAll({css})].map(it => it.innerText).join('\\n')")
}
