//! From what is there, what should be, and what a push would do, to an answer.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;

use super::Answer;
use super::Decision;
use super::Dropped;
use super::Fate;
use super::Proof;
use super::Push;
use super::Refusal;
use super::RefusalKind;
use crate::compare;
use crate::compare::Accepted;
use crate::compare::compare_allowing;
use crate::diagnose::diagnose;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::manifest::Manifest;
use crate::manifest::Manifests;
use crate::report::Diagnosis;
use crate::report::DiagnosisKind;
use crate::reset::Pin;
use crate::reset::unlike_declared;
use crate::schema::Catalog;
use crate::schema::DatabaseIdentity;
use crate::schema::RelationName;

/// What is asked about one database.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What was read of it, with [`super::wanted`].
    pub live: &'a Catalog,
    /// What is in force for it: its own manifest first, then what a deploy allows. Empty: nobody says.
    pub manifests: &'a [&'a Manifest],
    /// Every manifest there is, for the diagnosis.
    pub all: &'a Manifests,
    /// What is accepted in it.
    pub accepted: Accepted<'a>,
    pub labels: &'a BTreeMap<String, String>,
    /// The identity that is declared.
    pub pin: Option<&'a Pin>,
    /// The cluster and the OID that the daemon has learnt.
    pub learnt: Option<(u64, u32)>,
    /// In UTC, for the ends of accepted findings.
    pub today: Date,
}

/// Answers whether `push` may go on. Where both is so, a refusal stands over what is not known.
#[must_use]
pub fn judge(question: &Question<'_>, push: &Push) -> Answer {
    let mut answer = Answer {
        decision: Decision::Go,
        refusals: Vec::new(),
        diagnoses: Vec::new(),
        doubts: push.doubts.clone(),
        proofs: Vec::new(),
        mark: None,
        creates: push.creates.keys().map(|(_, name)| name.clone()).collect(),
        drops: Vec::new(),
        loses: push.loses.keys().cloned().collect(),
        renames: push.renames.iter().map(|(old, new)| (old.clone(), new.clone())).collect(),
        notes: push.notes.clone(),
    };
    answer.doubts.extend(question.live.doubt());
    identify(question, &mut answer);
    bears_mark(question, &mut answer);
    fits(question, &mut answer);
    comes(question, push, &mut answer);
    goes(question, push, &mut answer);
    answer.decide();
    answer
}

fn whole(kind: RefusalKind, message: String) -> Refusal {
    Refusal { kind, table: None, column: None, message }
}

/// Whether it is the database that is declared, or was learnt.
fn identify(question: &Question<'_>, answer: &mut Answer) {
    let Some(Ok(imprint)) = &question.live.definitions.imprint else { return };
    let there = &imprint.identity;
    if let Some(pin) = question.pin {
        match unlike_declared(pin, there) {
            None => answer.proofs.push(Proof::Declared),
            Some(it) => answer.refusals.push(whole(RefusalKind::WrongDatabase, it.message)),
        }
    }
    if let Some(learnt) = question.learnt {
        match unlike_learnt(learnt, there) {
            None => answer.proofs.push(Proof::Learnt),
            Some(Ok(message)) => {
                answer.refusals.push(whole(RefusalKind::WrongDatabase, message));
            }
            Some(Err(doubt)) => answer.doubts.push(doubt),
        }
    }
}

/// How it differs from what was learnt, or why that cannot be told.
fn unlike_learnt(learnt: (u64, u32), there: &DatabaseIdentity) -> Option<Result<String, String>> {
    let (system, oid) = learnt;
    let Some(here) = there.system else {
        return Some(Err(
            "this role may not ask the server who it is, so what the daemon has learnt of it proves nothing: \
             GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system()"
                .to_owned(),
        ));
    };
    (here != system || there.oid != oid).then(|| {
        Ok(format!(
            "another database answers than the one that the daemon knows: there, the system identifier is \
             {system} and the OID {oid}; here, {here} and {}",
            there.oid
        ))
    })
}

fn bears_mark(question: &Question<'_>, answer: &mut Answer) {
    match &question.live.session.mark {
        Some(Ok(mark)) => {
            answer.mark = Some(mark.clone());
            let classes: Vec<&str> = question.manifests.iter().map(|it| &*it.name).collect();
            match compare::mark::contradiction(mark, &classes, question.labels) {
                None if classes.is_empty() => {}
                None => answer.proofs.push(Proof::Mark),
                Some(it) => answer.refusals.push(whole(RefusalKind::WrongDatabase, it.message)),
            }
        }
        Some(Err(error)) => answer.doubts.push(error.to_string()),
        None => answer.notes.push(
            "it bears no mark, so nothing says whether it is production (`schemawarden sql mark`)"
                .to_owned(),
        ),
    }
}

/// Whether it holds what a database of its class holds.
fn fits(question: &Question<'_>, answer: &mut Answer) {
    let Some(own) = question.manifests.first() else { return };
    let findings = compared(question, question.live);
    let told = diagnosed(&findings, question);
    let counting = findings.iter().filter(|it| it.counts());
    let (stands_for_missing, others): (Vec<&Finding>, Vec<&Finding>) =
        counting.partition(|it| it.stands_for_missing());
    let is_table = |it: &&Finding| {
        matches!(it.kind, FindingKind::UnexpectedTable | FindingKind::UnexpectedForeignTable)
    };
    match stands_for_missing.first() {
        // Nothing is there at all, or nothing that anybody would miss.
        Some(_) if !others.iter().any(is_table) => {
            let note = format!("it holds none of the tables of manifest `{}` yet", own.name);
            answer.notes.push(note);
        }
        Some(it) => {
            let message = told.first().map_or(&it.message, |it| &it.message).clone();
            answer.refusals.push(whole(RefusalKind::WrongDatabase, message));
        }
        None if is_anothers(question, &told) => {
            let messages =
                told.iter().map(|it| whole(RefusalKind::WrongDatabase, it.message.clone()));
            answer.refusals.extend(messages.take(1));
        }
        None => {
            answer.proofs.push(Proof::Tables);
            if !others.is_empty() {
                let count = others.len();
                let findings = if count == 1 { "finding" } else { "findings" };
                answer.notes.push(format!(
                    "it is not clean as it is: {count} {findings}; `schemawarden check` lists them"
                ));
            }
        }
    }
}

/// Whether it holds no more than half of its own tables, and more of another manifest's than of its own.
fn is_anothers(question: &Question<'_>, told: &[Diagnosis]) -> bool {
    let Some(own) = question.manifests.first() else { return false };
    let all = own.tables().count();
    let there = own.tables().filter(|it| question.live.has_table(it)).count();
    2 * there <= all && told.iter().any(|it| it.matched > there)
}

fn compared(question: &Question<'_>, catalog: &Catalog) -> Vec<Finding> {
    compare_allowing(question.manifests, &question.accepted, catalog, question.today).findings
}

/// Whose tables these are, where they are another manifest's.
fn diagnosed(findings: &[Finding], question: &Question<'_>) -> Vec<Diagnosis> {
    let Some(own) = question.manifests.first() else { return Vec::new() };
    let mut told = diagnose(findings, own, question.all);
    told.retain(|it| it.kind == DiagnosisKind::ForeignManifest);
    told
}

/// The same in words, of tables that are not there yet.
fn whose(it: &Diagnosis) -> String {
    let (matched, of) = (it.matched, it.of);
    let are = if matched == 1 { "is" } else { "are" };
    let manifest = it.manifest.as_deref().unwrap_or_default();
    format!(
        "{matched} of {of} tables that would come {are} in manifest `{manifest}`: is this the push of another \
         database?"
    )
}

/// Whether what would come may be there.
fn comes(question: &Question<'_>, push: &Push, answer: &mut Answer) {
    if question.manifests.is_empty() {
        if !push.creates.is_empty() {
            answer.notes.push(
                "nobody says which tables it may hold, so those that would come were compared with nothing"
                    .to_owned(),
            );
        }
        return;
    }
    let after = compared(question, &push.after(question.live));
    let named: BTreeSet<&RelationName> =
        push.creates.keys().map(|(_, it)| it).chain(push.renames.values()).collect();
    let is_new = |name: &RelationName| named.contains(name);
    let new: Vec<Finding> = after
        .into_iter()
        .filter(|it| it.counts() && it.name.as_ref().is_some_and(is_new))
        .filter(|it| it.kind.is_unexpected())
        .collect();
    // In front of the tables: whose they are.
    answer.diagnoses = diagnosed(&new, question).iter().map(whose).collect();
    let own = question.manifests.first().map_or("", |it| &*it.name);
    for it in new {
        let Some(table) = it.name else { continue };
        let object = it.object.word().replace('_', " ");
        let message = if it.kind == FindingKind::ForbiddenTable {
            format!("{object} `{}` would come, which manifest `{own}` forbids", table.visible())
        } else {
            format!("{object} `{}` would come, and is not in manifest `{own}`", table.visible())
        };
        answer.refusals.push(Refusal {
            kind: RefusalKind::UnexpectedTable,
            table: Some(table),
            column: None,
            message,
        });
    }
}

/// Whether what would go may go. Only production holds on to what it has.
fn goes(question: &Question<'_>, push: &Push, answer: &mut Answer) {
    let imprint = question.live.definitions.imprint.as_ref().and_then(|it| it.as_ref().ok());
    let rows =
        |name: &RelationName| Some(imprint?.tables.get(name)?.rows).flatten().filter(|it| *it > 0);
    for (table, fate) in &push.drops {
        let rows = rows(table);
        answer.drops.push(Dropped { table: table.clone(), fate: *fate, rows });
    }
    let is_production = answer.mark.as_ref().is_some_and(crate::schema::Mark::is_production);
    if !is_production {
        return;
    }
    for it in &answer.drops {
        let plural = if it.rows == Some(1) { "" } else { "s" };
        let held = it.rows.map_or_else(String::new, |it| format!(", with about {it} row{plural}"));
        let what = match it.fate {
            Fate::Gone => "would be dropped",
            Fate::Emptied => "would be dropped and made anew",
        };
        let message =
            format!("table `{}` {what}{held}, and this is production", it.table.visible());
        answer.refusals.push(Refusal {
            kind: RefusalKind::DroppedTable,
            table: Some(it.table.clone()),
            column: None,
            message,
        });
    }
    let is_expected =
        |name: &RelationName| question.manifests.iter().any(|it| it.tables().any(|it| it == name));
    for (old, new) in push.renames.iter().filter(|(old, new)| is_expected(old) && !is_expected(new))
    {
        let message = format!(
            "table `{}` would be renamed to `{}`, and this is production",
            old.visible(),
            new.visible()
        );
        let (kind, table) = (RefusalKind::DroppedTable, Some(old.clone()));
        answer.refusals.push(Refusal { kind, table, column: None, message });
    }
    for ((table, column), types) in &push.loses {
        let anew = types.as_ref().map_or_else(String::new, |(from, to)| {
            format!(" and made anew (nothing is converted from `{from}` to `{to}`)")
        });
        let message = format!(
            "column `{}.{}` would be dropped{anew}, and this is production",
            table.visible(),
            column.visible()
        );
        answer.refusals.push(Refusal {
            kind: RefusalKind::DroppedColumn,
            table: Some(table.clone()),
            column: Some(column.clone()),
            message,
        });
    }
}
