//! Cases of the whole importer: what schemas make, what is wrong with them, and that nothing panics.

mod fixtures;
mod hostile;
mod mistakes;
mod rules;
mod rules_of_relations;

use std::path::PathBuf;

use super::import;
use crate::schema::Definitions;
use crate::yaml::Mistake;

/// What most cases begin with; they count their lines from the line after it.
const DATASOURCE: &str = "datasource db {\n  provider = \"postgresql\"\n}\n";
const DATASOURCE_LINES: u32 = 3;

/// Reads a schema of one file, `a.prisma`.
fn read(text: &str) -> Result<(Definitions, Vec<Mistake>), Vec<Mistake>> {
    import(&[(PathBuf::from("a.prisma"), text.to_owned())])
}

/// Reads models of PostgreSQL, which must be right.
#[track_caller]
fn read_models(models: &str) -> (Definitions, Vec<Mistake>) {
    match read(&format!("{DATASOURCE}{models}")) {
        Ok(it) => it,
        Err(mistakes) => panic!("{models}\n{}", spelled(&mistakes).join("\n")),
    }
}

/// Each mistake without its excerpt: `2:5 message; help`.
fn spelled(mistakes: &[Mistake]) -> Vec<String> {
    let one = |it: &Mistake| {
        let at = it.at.map(|at| format!("{}:{} ", at.line, at.column)).unwrap_or_default();
        let help = it.help.as_ref().map(|it| format!("; {it}")).unwrap_or_default();
        format!("{at}{}{help}", it.message)
    };
    mistakes.iter().map(one).collect()
}
