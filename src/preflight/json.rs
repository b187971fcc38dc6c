//! The JSON form of an answer, version 1. Fields may be added; none is renamed, removed, or given another
//! meaning without a new version.

use serde_json::Value;
use serde_json::json as object;

use super::Answer;
use super::Fate;

/// The document. `database` is the registered name, `None` where it is not registered; names are visible
/// spellings.
#[must_use]
pub fn json(
    answer: &Answer,
    database: Option<&str>,
    manifest: Option<&str>,
    server: &str,
) -> Value {
    let refusals = answer.refusals.iter().map(|it| {
        object!({
            "kind": it.kind.word(),
            "schema": it.table.as_ref().map(|it| it.schema.visible()),
            "name": it.table.as_ref().map(|it| it.name.visible()),
            "column": it.column.as_ref().map(crate::schema::Name::visible),
            "message": it.message,
        })
    });
    let drops = answer.drops.iter().map(|it| {
        object!({
            "schema": it.table.schema.visible(),
            "name": it.table.name.visible(),
            "rows": it.rows,
            "made_anew": it.fate == Fate::Emptied,
        })
    });
    let loses = answer.loses.iter().map(|(table, column)| {
        object!({
            "schema": table.schema.visible(),
            "name": table.name.visible(),
            "column": column.visible(),
        })
    });
    let renames = answer
        .renames
        .iter()
        .map(|(old, new)| object!({ "from": old.visible(), "to": new.visible() }));
    let creates = answer
        .creates
        .iter()
        .map(|it| object!({ "schema": it.schema.visible(), "name": it.name.visible() }));
    object!({
        "version": 1,
        "decision": answer.decision.word(),
        "database": database,
        "manifest": manifest,
        "server": server,
        "known_by": answer.proofs.iter().map(|it| it.word()).collect::<Vec<_>>(),
        "mark": answer.mark,
        "refusals": refusals.collect::<Vec<_>>(),
        "diagnoses": answer.diagnoses,
        "doubts": answer.doubts,
        "creates": creates.collect::<Vec<_>>(),
        "drops": drops.collect::<Vec<_>>(),
        "renames": renames.collect::<Vec<_>>(),
        "loses": loses.collect::<Vec<_>>(),
        "notes": answer.notes,
    })
}

/// The document where the database could not be read.
#[must_use]
pub fn json_unknown(database: Option<&str>, reason: &str) -> Value {
    object!({
        "version": 1,
        "decision": super::Decision::Unknown.word(),
        "database": database,
        "doubts": [reason],
    })
}
