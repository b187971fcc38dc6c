//! `schemawarden presets`: what is left out of comparisons, by whom it is, how it comes to be left out,
//! and where that is known from.

use std::fmt::Write as _;

use anyhow::bail;
use serde_json::Value;
use serde_json::json;

use super::Status;
use super::client::Format;
use super::columns::PLAIN;
use super::columns::list;
use super::columns::table;
use super::columns::text;
use super::output::BOLD;
use super::output::DIM;
use super::output::paint;
use crate::manifest::presets;
use crate::manifest::presets::AUTO;
use crate::manifest::presets::Chosen;
use crate::manifest::presets::Preset;
use crate::nearest::hint;

#[derive(Debug, clap::Args)]
pub(super) struct PresetsArgs {
    /// A preset, to see all that it leaves out; or `auto`. Without one: the list.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// For people or for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// What a preset leaves out, by the key of JSON, with what that takes.
const LISTS: [(&str, &str); 6] = [
    ("schemas", "Everything in these schemas"),
    ("relations", "These relations"),
    ("owned", "These relations, where one of its roles owns them, however the preset is chosen"),
    ("unambiguous", "These tables, by `auto` too: no other tool uses their names"),
    ("named", "These tables, where the manifest names the preset"),
    ("shaped", "These tables, where their columns are as listed"),
];

pub(super) fn run(args: &PresetsArgs) -> anyhow::Result<Status> {
    let Some(name) = &args.name else {
        return args.format.emit(summaries(|_| true), listed);
    };
    if name == AUTO {
        let by_itself =
            |it: &Preset| matches!(it.chosen(), Chosen::AutoByOwner | Chosen::AutoByLedger);
        return args.format.emit(summaries(by_itself), listed);
    }
    let Some(preset) = presets::all().iter().find(|it| it.name() == name) else {
        let names = presets::all().iter().map(Preset::name).chain([AUTO]);
        let hint = hint(name, names);
        bail!("there is no preset `{name}`{hint} (`schemawarden presets` lists them)");
    };
    args.format.emit(detail(preset), detailed)
}

fn summaries(which: impl Fn(&Preset) -> bool) -> Value {
    let presets: Vec<_> = presets::all().iter().filter(|it| which(it)).map(summary).collect();
    json!({ "presets": presets })
}

fn summary(it: &Preset) -> Value {
    json!({
        "name": it.name(),
        "for": it.kind().word(),
        "what": it.what(),
        "chosen": it.chosen().word(),
        "patterns": it.patterns(),
    })
}

fn detail(it: &Preset) -> Value {
    let shaped = it.shaped().map(|(relation, shape, owned)| {
        json!({ "relation": relation, "shape": shape.to_string(), "owned": owned })
    });
    let mut value = summary(it);
    value["migrates_alone"] = it.migrates_alone().into();
    value["roles"] = it.roles().into();
    value["leaves_out"] = json!({
        "schemas": it.whole_schemas(),
        "relations": it.relations(),
        "owned": it.owned(),
        "unambiguous": it.unambiguous(),
        "named": it.named(),
        "shaped": shaped.collect::<Vec<_>>(),
    });
    value["databases"] = it.databases().into();
    value["event_triggers"] = it.event_triggers().into();
    value["sources"] = it.sources().into();
    value
}

fn listed(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "presets")
        .iter()
        .map(|it| {
            vec![
                (text(it, "name").to_owned(), BOLD),
                (text(it, "for").to_owned(), PLAIN),
                (chosen_in_short(text(it, "chosen")).to_owned(), PLAIN),
                (it["patterns"].to_string(), PLAIN),
                (text(it, "what").to_owned(), DIM),
            ]
        })
        .collect();
    let mut out = table(&["preset", "for", "chosen by", "patterns", "what it leaves out"], &rows);
    out.push_str(
        "\n`presets: auto` is the default of a manifest; `presets: [auto, flyway]` names one beside it. \
         `schemawarden presets NAME` shows all of one.\n",
    );
    out
}

fn chosen_in_short(word: &str) -> &'static str {
    match word {
        "always" => "always",
        "auto_by_owner" => "auto, where its role is the owner",
        "auto_by_ledger" => "auto, under a name of its own",
        _ => "its name only",
    }
}

fn chosen_in_full(answer: &Value) -> String {
    let name = text(answer, "name");
    match text(answer, "chosen") {
        "always" => "Always, whatever a manifest says.".to_owned(),
        "auto_by_owner" => format!(
            "By `auto`, what one of its roles owns: the database itself proves it.\n  \
             By its name (`presets: [{name}]`), whoever owns it."
        ),
        "auto_by_ledger" => format!(
            "By `auto`, tables under a name that no other tool uses.\n  \
             By its name (`presets: [auto, {name}]`), the rest too."
        ),
        _ => format!("By its name only (`presets: [auto, {name}]`)."),
    }
}

fn detailed(answer: &Value) -> String {
    let mut out = paint(BOLD, text(answer, "name"));
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}", paint(DIM, format!("  {}", text(answer, "for"))));
    let _ = writeln!(out, "{}", text(answer, "what"));
    heading(&mut out, "Chosen");
    let _ = writeln!(out, "  {}", chosen_in_full(answer));
    if answer["migrates_alone"] == true {
        let _ = writeln!(
            out,
            "  Where a manifest names it, the ledger of another tool is a finding, `wrong_ledger`."
        );
    }
    section(&mut out, "Roles that prove it", list(answer, "roles"));
    for (key, title) in LISTS {
        section(&mut out, title, list(&answer["leaves_out"], key));
    }
    if answer["patterns"] != 0 {
        let _ = writeln!(out, "\nA bare name means schema `public`; `*` and `[0-9]` are globs.");
    }
    section(&mut out, "Databases of its own on the server", list(answer, "databases"));
    section(&mut out, "Event triggers of its own", list(answer, "event_triggers"));
    section(&mut out, "Sources", list(answer, "sources"));
    out
}

fn heading(out: &mut String, title: &str) {
    let _ = writeln!(out, "\n{}", paint(BOLD, title));
}

fn section(out: &mut String, title: &str, items: &[Value]) {
    if items.is_empty() {
        return;
    }
    heading(out, title);
    for it in items {
        let _ = if let Some(name) = it.as_str() {
            writeln!(out, "  {name}")
        } else {
            let owner = if it["owned"] == true { ", and its role as owner" } else { "" };
            writeln!(out, "  {}  {}{owner}", text(it, "relation"), text(it, "shape"))
        };
    }
}
