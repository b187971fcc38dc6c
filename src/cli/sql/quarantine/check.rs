//! What stops a script: anything that is not as it was when it was printed.

use std::fmt::Write as _;

use super::super::quoting::check_database;
use super::super::quoting::literal;
use super::script::Script;
use crate::quarantine::Oid;

/// Where things have to be for a script to go on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// Where they were read.
    Before,
    /// Where the quarantine has put them.
    Moved,
    /// The same, and what was empty has to be so still.
    Dropped,
}

/// Stops where anything is not as it was read, or not where it was put.
pub(super) fn check(script: &Script<'_>, out: &mut String, at: Where) {
    let place = |schema: &str| match at {
        Where::Before => schema.to_owned(),
        Where::Moved | Where::Dropped => script.plan.to.get(schema).cloned().unwrap_or_default(),
    };
    let objects = script.plan.moved.iter().chain(&script.plan.sequences);
    let rows: Vec<String> = objects
        .filter_map(|oid| {
            let it = script.graph.relations.get(oid)?;
            Some(format!(
                "    ({oid}::oid, {}, {}, '{}'::\"char\", {})",
                literal(&place(&it.schema)),
                literal(&it.name),
                it.kind,
                at != Where::Moved && it.is_table() && it.is_empty()
            ))
        })
        .collect();
    let list = |oids: &mut dyn Iterator<Item = Oid>| {
        oids.map(|it| it.to_string()).collect::<Vec<_>>().join(",")
    };
    let types = script.plan.types.iter().filter_map(|it| script.graph.types.get(*it));
    let _ = writeln!(
        out,
        "DO $check$\nDECLARE\n  was record;\n  holds_rows boolean;\n  \
         moved CONSTANT oid[] := '{{{}}}';\n  sequences CONSTANT oid[] := '{{{}}}';\n  types CONSTANT oid[] := '{{{}}}';\n\
         BEGIN\n{}  FOR was IN SELECT * FROM (VALUES\n{}\n  \
         ) AS listed(oid, schema, name, kind, is_empty) LOOP\n    \
         IF NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = was.oid\n      \
         AND n.nspname = was.schema AND c.relname = was.name AND c.relkind = was.kind) THEN\n      \
         RAISE EXCEPTION '%.% is not what it was', was.schema, was.name\n        \
         USING HINT = 'Something has changed since this was printed: print it anew.';\n    \
         END IF;\n    \
         IF EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid\n      \
         WHERE i.inhparent = was.oid AND c.relispartition AND NOT i.inhrelid = ANY (moved)) THEN\n      \
         RAISE EXCEPTION '%.% has a partition more', was.schema, was.name\n        \
         USING HINT = 'Something has changed since this was printed: print it anew.';\n    \
         END IF;\n    \
         IF was.is_empty THEN\n      \
         EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %I.%I)', was.schema, was.name) INTO holds_rows;\n      \
         IF holds_rows THEN\n        \
         RAISE EXCEPTION '%.% was empty, and holds rows now', was.schema, was.name\n          \
         USING HINT = 'Look at them. Then print this anew.';\n      \
         END IF;\n    \
         END IF;\n  \
         END LOOP;\n  \
         IF EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON a.atttypid IN (t.oid, t.typarray)\n    \
         WHERE t.oid = ANY (types) AND NOT a.attisdropped AND NOT a.attrelid = ANY (moved))\n    \
         OR EXISTS (SELECT FROM pg_depend d JOIN pg_attrdef a ON a.oid = d.objid WHERE d.classid = 'pg_attrdef'::regclass\n    \
         AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (sequences) AND NOT a.adrelid = ANY (moved)) THEN\n    \
         RAISE EXCEPTION 'something else uses a type or a sequence by now'\n      \
         USING HINT = 'Something has changed since this was printed: print it anew.';\n  \
         END IF;\nEND\n$check$;",
        list(&mut script.plan.moved.iter().copied()),
        list(&mut script.plan.sequences.iter().copied()),
        list(&mut types.map(|it| it.oid)),
        check_database(script.dbname, "The quarantine"),
        rows.join(",\n"),
    );
}
