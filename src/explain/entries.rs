//! The texts of `explain`, one entry a kind.

use super::Entry;

#[rustfmt::skip]
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        kind: "unexpected_table",
        means: "The database holds a table that its manifest does not list.",
        matters: "In 2025 a schema meant for tenants was pushed to a company's central database, and the other way round. Nobody was told. An unlisted table is how that looks from outside.",
        to_do: "Look at the diagnosis first: if the tables belong to another manifest, somebody pushed that schema here; find out what else that push did (were tables dropped, is data gone?). If the table is meant to be here, add it to the manifest under `tables`. If it may come and go, list a glob under `ignore`. If it should go, `schemawarden sql quarantine DATABASE` prints a script that puts it aside, with the way back.",
    },
    Entry {
        kind: "unexpected_foreign_table",
        means: "The database holds a foreign table that its manifest does not list.",
        matters: "A foreign table can show another server's rows, another tenant's for example, to whoever may read this database.",
        to_do: "Find out who made it and where it points (`\\det+` in psql). If it is meant to be here, add it under `foreign_tables`.",
    },
    Entry {
        kind: "database_reset",
        means: "Most of the tables that were known of this database have been dropped and created again, or the whole schema has. It may look right by name, and its data is most likely gone. `prisma db push --force-reset`, `prisma migrate reset`, a test suite's clean-up and a restore all look like this.",
        matters: "A database that was reset and got the right tables back has no drift at all. In the incident that this program exists for, a company's central database was reset like that, and nobody was told.",
        to_do: "Read what it had held, and when that was last seen: that is the point in time to restore to. Stop whatever still writes to it. If it was a restore or was meant, or once it is mended: `schemawarden accept-reset DATABASE --reason TEXT` takes what is there now as known. From when on it is told is set under `resets`.",
    },
    Entry {
        kind: "table_emptied",
        means: "A table that held rows holds none. Critical where more went than was deleted, which is a TRUNCATE or the like; of rows that were deleted one by one it is a note, and a warning where every table lost all of its rows.",
        matters: "The names are all right, so nothing else tells.",
        to_do: "Find out who did it. A table that is emptied as a rule (staging, queues) belongs under `resets.volatile`. It is over when the table holds half of its rows again, or with `schemawarden accept-reset DATABASE --reason TEXT`.",
    },
    Entry {
        kind: "table_recreated",
        means: "A table was dropped and created again under the same name, between two audits. The old one lives on under no other name.",
        matters: "Its rows, grants, triggers and statistics are those of the new one. A migration may do that on purpose.",
        to_do: "Compare the numbers of rows in the message. If a migration did it, there is nothing to do: it is told for a day (`resets.settle`) and known from then on; `schemawarden accept-reset DATABASE --reason TEXT` takes it as known at once.",
    },
    Entry {
        kind: "same_database",
        means: "Two names of the configuration lead to one and the same database: the same cluster, the same OID, on a server that started at the same instant. A replica or a copy is not meant.",
        matters: "One of the two is most likely not audited at all: its URL is a copy of the other's.",
        to_do: "Look at the two URLs (`schemawarden doctor` shows where each leads). Where both are meant, because two manifests look at two schemas of it, write `severity: {same_database: info}` under the database that the message names first.",
    },
    Entry {
        kind: "reset",
        means: "An incident: the database was reset, or tables of it were emptied (`database_reset`, `table_emptied`). It stays open until the rows are back or a person accepts what is there.",
        matters: "Nothing about a name tells that data is gone.",
        to_do: "`schemawarden incidents show ID` says what it had held. After the restore: `schemawarden accept-reset DATABASE --reason TEXT`.",
    },
    Entry {
        kind: "forbidden_table",
        means: "The database holds a table whose name a `forbid` glob of its manifest matches.",
        matters: "Somebody wrote down that this must never be here. `forbid` wins over `tables` and `ignore`.",
        to_do: "Find out how it came here. If the rule is too wide, narrow the glob under `forbid`.",
    },
    Entry {
        kind: "wrong_ledger",
        means: "The database holds the ledger of a migration tool, and its manifest says that another tool is at home: by a preset that it names (`presets: [flyway]`), or by that tool's ledger under `tables`.",
        matters: "A tool writes its ledger when it migrates. So this one was run here, most likely with the connection URL of another database, and whatever it created, changed or dropped is here too. Often the ledger is the only trace of it.",
        to_do: "Read the ledger: its rows say which migrations ran, and when. Find where that run came from (CI logs, a DATABASE_URL that points here), and look at the other findings of that hour. If both tools belong here, name both under `presets`. `schemawarden presets NAME` says what each of them leaves out.",
    },
    Entry {
        kind: "unexpected_view",
        means: "The manifest has `views:`, and the database holds a view that is not listed there.",
        matters: "A view can show rows to people who may not read the table beneath.",
        to_do: "List it under `views`, or drop it. Without a `views:` section, views are not compared.",
    },
    Entry {
        kind: "unexpected_materialized_view",
        means: "The manifest has `materialized_views:`, and the database holds one that is not listed there.",
        matters: "It is a copy of data, which grows old and which other rules may not cover. `information_schema` shows it to nobody.",
        to_do: "List it under `materialized_views`, or drop it.",
    },
    Entry {
        kind: "missing_table",
        means: "The manifest lists a table that is not in the database.",
        matters: "An application will fail on it, or already does. After a reset by the wrong schema, this is the other half of the picture.",
        to_do: "If a migration has not run yet, run it. If the table was dropped, look at the logs of that minute and at your backups before anything else. If it may be absent, write `optional: true` beside it.",
    },
    Entry {
        kind: "missing_foreign_table",
        means: "The manifest lists a foreign table that is not in the database.",
        matters: "Queries that reach another server through it fail.",
        to_do: "Create it again, or take it out of `foreign_tables`.",
    },
    Entry {
        kind: "missing_view",
        means: "The manifest lists a view that is not in the database.",
        matters: "Whatever reads it fails. A `drop … cascade` takes views along without a word.",
        to_do: "Create it again from your migrations, or take it out of `views`.",
    },
    Entry {
        kind: "missing_materialized_view",
        means: "The manifest lists a materialized view that is not in the database.",
        matters: "Whatever reads it fails. A `drop … cascade` takes it along without a word.",
        to_do: "Create and refresh it again, or take it out of `materialized_views`.",
    },
    Entry {
        kind: "wrong_database",
        means: "None of the tables that the manifest lists is there; or, where the finding says so, another database answers than the one that is known or declared (`identity`): another cluster, or another OID.",
        matters: "Either the connection points at another database, or this one was emptied. Both are worse than a missing table. It stands in place of all the `missing_table` findings.",
        to_do: "Run `schemawarden doctor DATABASE`: is this the server and the database you mean? If it is, the tables were dropped: stop whatever pushes schemas, and restore. The daemon gives a database that was never seen populated `provision_grace` (15 minutes) before it says this. Where another database answers and that is right (it was moved), `schemawarden accept-reset DATABASE --reason TEXT` takes it as known.",
    },
    Entry {
        kind: "drift",
        means: "The incident of all schema findings of one database.",
        matters: "It opens with the first finding that counts, is told again when new ones come, and resolves when a complete read finds none.",
        to_do: "`schemawarden check DATABASE` shows what there is now.",
    },
    Entry {
        kind: "audit_failing",
        means: "Three audits in a row could not tell whether the database is clean.",
        matters: "While a database cannot be read, nobody knows what happens to it. `unknown` is never taken for `clean`.",
        to_do: "`schemawarden doctor DATABASE` says what is in the way: the network, TLS, the password, a permission, or a limit. It resolves with the next complete read.",
    },
    Entry {
        kind: "server_unreachable",
        means: "A server answers for none of its registered databases.",
        matters: "None of them is watched meanwhile. It is told once for the server, not once for each database.",
        to_do: "See whether the server runs and whether this machine may reach it; `schemawarden doctor DATABASE` says how far a connection comes. It resolves as soon as one of its databases is reached.",
    },
    Entry {
        kind: "manifest_suspect",
        means: "A manifest was changed, and by the change alone more than a fifth of its databases would drift.",
        matters: "Most likely the manifest is wrong, or it came before its migration. Its findings are shown and held back; whatever the manifest before it would have found is told as ever.",
        to_do: "Correct the manifest, or run the migration. If the databases are what is wrong, let the findings through: `schemawarden manifests release NAME`. For a change on purpose, open a deploy window first: `schemawarden deploy begin`.",
    },
    Entry {
        kind: "channel_parked",
        means: "A receiver says that the channel is wrong (revoked, removed, not found), nothing has arrived there for a quarter of an hour, or a message to it was given up.",
        matters: "Whoever reads that channel hears nothing. It is told through the other channels and by `/readyz?verbose`.",
        to_do: "`schemawarden deliveries list` says what the receiver answered. Correct the URL or the key and reload; `schemawarden notify-test CHANNEL` tries it, and `schemawarden deliveries retry CHANNEL` sends what waits. It resolves with the next message that arrives.",
    },
    Entry {
        kind: "registry_shrunk",
        means: "A registry that names databases (`discover:`) names far fewer of them than before, none, or cannot be read.",
        matters: "In the incident of 2025 the registry itself was wiped. Were it believed, every tenant would leave the watch at the moment when it matters most. So the last known databases stay registered and are audited on.",
        to_do: "Look at the registry first: was its table emptied, its database reset? `schemawarden discover NAME` says what it names now. It resolves when the registry names enough of them again. If they are gone for good: `schemawarden discover accept NAME --reason TEXT`.",
    },
    Entry {
        kind: "foreign_manifest",
        means: "The unexpected tables are those of another manifest.",
        matters: "That is the signature of a schema pushed to the wrong database: one act, not twenty-one findings.",
        to_do: "Find the push (CI logs, shell history, a DATABASE_URL that points here). Check whether it dropped anything. Only then remove the foreign tables.",
    },
    Entry {
        kind: "case_rename",
        means: "Missing and unexpected tables differ in case only.",
        matters: "PostgreSQL folds unquoted names to lower case, and Prisma quotes them: `User` and `user` are two tables.",
        to_do: "Decide which spelling is right, and correct the manifest or the migration.",
    },
    Entry {
        kind: "wrong_schema",
        means: "Tables that are missing in one schema stand in another.",
        matters: "A `search_path` or a `?schema=` in a connection URL sent a migration to the wrong schema.",
        to_do: "Compare the connection URL of the migration with the one of the application.",
    },
    Entry {
        kind: "backup",
        means: "Unexpected tables look like copies of expected ones (`User_old`, `User_backup_2025`).",
        matters: "They hold the same data, without the rules that guard the original, and they are forgotten.",
        to_do: "Drop them when they have served, or accept them for a while under `known` with an end date.",
    },
];
