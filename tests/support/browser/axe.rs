//! axe-core: whether everybody can use a page, as far as a program can tell.

use serde_json::Value;

use super::Browser;
use super::target;

/// The version of the npm package that `scripts/test.sh` fetches into `target/`.
pub(crate) const VERSION: &str = "4.14.1";

/// What it finds, as one JSON text: a line for each rule and element.
const RUN: &str = "axe.run(document, { resultTypes: ['violations'] }).then(it => it.violations
    .flatMap(rule => rule.nodes.map(node =>
        `${rule.id} (${rule.impact}): ${node.html}\\n    ${node.failureSummary}`)))";

impl Browser {
    /// What hinders somebody on the page that is open; empty where axe-core finds nothing. Panics
    /// where axe-core is not there.
    pub(crate) async fn axe(&self) -> Vec<String> {
        if self.eval("typeof window.axe").await == "undefined" {
            // The page's policy forbids foreign scripts; the debugger's are none.
            self.eval(&format!("{}; 0", source())).await;
        }
        let Value::Array(found) = self.eval(RUN).await else { panic!("axe-core said no list") };
        found.iter().map(|it| it.as_str().expect("a line").to_owned()).collect()
    }
}

fn source() -> String {
    let path = target().join(format!("axe-core-{VERSION}/package/axe.min.js"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}\nscripts/test.sh fetches it; by hand: npm pack axe-core@{VERSION}, and \
             unpack it there",
            path.display()
        )
    })
}
