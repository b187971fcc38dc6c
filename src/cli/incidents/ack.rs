//! `schemawarden incidents ack`: one incident, several, or all that a selector takes: a storm is one
//! command, not one for each incident.

use serde_json::Value;
use serde_json::json;

use super::id;
use crate::cli::Global;
use crate::cli::Status;
use crate::cli::client::Client;
use crate::cli::client::Daemon;
use crate::cli::client::Refused;
use crate::cli::columns::list;
use crate::cli::columns::text;
use crate::cli::output;
use crate::cli::output::count;
use crate::route::Pattern;

/// The longest list that the daemon gives. More open incidents than that take another run.
const ROWS_MAX: usize = 10_000;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct AckArgs {
    /// `SW-1042`, or 1042; or several.
    #[arg(
        value_name = "ID",
        required_unless_present_any = ["database", "manifest", "kind", "all"],
        conflicts_with_all = ["database", "manifest", "kind", "all"]
    )]
    ids: Vec<String>,
    /// Every open one about these databases; `*` and `?` stand for characters.
    #[arg(long, value_name = "GLOB")]
    database: Option<String>,
    /// Every open one about databases of these manifests, or about the manifests themselves.
    #[arg(long, value_name = "GLOB")]
    manifest: Option<String>,
    /// Every open one of this kind: `drift`, `audit_failing`, …. With the others: both must hold.
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Every open one.
    #[arg(long, conflicts_with_all = ["database", "manifest", "kind"])]
    all: bool,
    /// What you know or do, for the others.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    daemon: Daemon,
}

pub(super) async fn run(global: &Global, args: AckArgs) -> anyhow::Result<Status> {
    let client = Client::new(global, &args.daemon)?;
    if let [one] = args.ids.as_slice() {
        let answer = post(&client, &id(one), args.note.as_deref()).await?;
        return args.daemon.format.emit(answer, acknowledged);
    }
    let (ids, more) = if args.ids.is_empty() {
        selected(&client, &args).await?
    } else {
        (args.ids.iter().map(|it| id(it)).collect(), false)
    };
    let (mut done, mut already, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        match post(&client, &id, args.note.as_deref()).await {
            Ok(answer) if answer["changed"] == false => already.push(id),
            Ok(_) => done.push(id),
            // About this incident: it is over meanwhile, or there is none. The others do not wait.
            Err(error) if error.is::<Refused>() => {
                output::remark(&format!("{id}: {error}"));
                refused.push(id);
            }
            Err(error) => return Err(error),
        }
    }
    let failed = !refused.is_empty();
    let answer =
        json!({ "acknowledged": done, "already": already, "refused": refused, "more": more });
    let status = args.daemon.format.emit(answer, counted)?;
    Ok(if failed { Status::Trouble } else { status })
}

async fn post(client: &Client, id: &str, note: Option<&str>) -> anyhow::Result<Value> {
    let (_, answer) = client.post(&["incidents", id, "ack"], &json!({ "note": note })).await?;
    Ok(answer)
}

/// The ids of the open incidents that the selectors take, and whether there may be more of them.
async fn selected(client: &Client, args: &AckArgs) -> anyhow::Result<(Vec<String>, bool)> {
    let mut query = vec![("state", "open".to_owned()), ("limit", ROWS_MAX.to_string())];
    query.extend(args.kind.clone().map(|it| ("kind", it)));
    // The daemon knows a misspelt name from one that is well.
    let name = args.database.clone().filter(|it| !it.contains(['*', '?']));
    query.extend(name.map(|it| ("database", it)));
    let answer = client.get(&["incidents"], &query).await?;
    let ids = matching(&answer, args.database.as_deref(), args.manifest.as_deref());
    Ok((ids, answer["more"] == true))
}

/// The ids of those in `answer` whose database and manifest fit. One that has none fits no pattern.
fn matching(answer: &Value, database: Option<&str>, manifest: Option<&str>) -> Vec<String> {
    let database = database.map(Pattern::new);
    let manifest = manifest.map(Pattern::new);
    let fits = |pattern: Option<&Pattern>, it: &Value, key: &str| {
        let fits = |pattern: &Pattern| it[key].as_str().is_some_and(|it| pattern.matches(it));
        pattern.is_none_or(fits)
    };
    let fit = |it: &&Value| {
        fits(database.as_ref(), it, "database") && fits(manifest.as_ref(), it, "manifest")
    };
    let incidents = list(answer, "incidents").iter();
    incidents.filter(fit).map(|it| text(it, "id").to_owned()).collect()
}

fn acknowledged(it: &Value) -> String {
    let (id, by) = (text(it, "id"), text(&it["acknowledged"], "by"));
    if it["changed"] == false {
        return format!("{id} was acknowledged already, by {by}\n");
    }
    format!(
        "{id} is acknowledged by {by}: quiet until its findings grow or it resolves\n\
         (`schemawarden incidents release {id}` lets go of it)\n"
    )
}

fn counted(answer: &Value) -> String {
    let [done, already, refused] =
        ["acknowledged", "already", "refused"].map(|key| list(answer, key).len());
    let mut lines = vec![match done {
        0 if already + refused == 0 => "no open incident is meant by that".to_owned(),
        0 => "no incident is acknowledged that was not before".to_owned(),
        1 => "1 incident is acknowledged: quiet until its findings grow or it resolves".to_owned(),
        done => format!(
            "{done} incidents are acknowledged: each quiet until its findings grow or it resolves"
        ),
    }];
    if already > 0 {
        lines.push(format!("acknowledged already: {}", count(already, "incident")));
    }
    if answer["more"] == true {
        lines.push("… there are more; run it again".to_owned());
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_take_what_fits_all_of_them() {
        let row = |id: &str, database: Option<&str>, manifest: Option<&str>| json!({ "id": id, "database": database, "manifest": manifest });
        let answer = json!({ "incidents": [
            row("SW-1", Some("sco"), Some("orchestra")),
            row("SW-2", Some("scoso"), Some("orchestra")),
            row("SW-3", Some("central"), Some("central")),
            row("SW-4", None, Some("orchestra")),
            row("SW-5", None, None),
        ]});
        for (database, manifest, want) in [
            (None, None, &["SW-1", "SW-2", "SW-3", "SW-4", "SW-5"][..]),
            (Some("sco*"), None, &["SW-1", "SW-2"]),
            (Some("sco"), None, &["SW-1"]),
            (None, Some("orch?stra"), &["SW-1", "SW-2", "SW-4"]),
            (Some("*"), Some("orchestra"), &["SW-1", "SW-2"]),
            (Some("sco*"), Some("central"), &[]),
        ] {
            assert_eq!(matching(&answer, database, manifest), want, "{database:?} {manifest:?}");
        }
    }
}
