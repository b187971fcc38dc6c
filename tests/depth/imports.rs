//! That an imported manifest is what the database is: Prisma's mapping, rule by rule, and SQL.
//!
//! The SQL beside each Prisma schema is what Prisma's own engine makes of it (`tests/prisma`).

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::Held;
use crate::support::DEADLINE;
use crate::support::postgres::Cluster;
use crate::support::postgres::TestDatabase;
use crate::support::process::find_program;
use crate::support::process::must_succeed;
use crate::support::until;

/// A change of what Prisma made of a schema, how to take it back, and what it is found as.
type Seed = (&'static str, &'static str, &'static [&'static str]);

/// A schema of `tests/prisma`, and one change at least for each rule that it is about.
#[rustfmt::skip]
const SCHEMAS: &[(&str, &[Seed])] = &[
    ("types", &[
        // The native type of each scalar.
        ("alter table \"Plain\" alter text type varchar(10)", "alter table \"Plain\" alter text type text", &["column_type_changed Plain text"]),
        ("alter table \"Plain\" alter flag type int using 0", "alter table \"Plain\" alter flag type boolean using false", &["column_type_changed Plain flag"]),
        ("alter table \"Plain\" alter number type bigint", "alter table \"Plain\" alter number type integer", &["column_type_changed Plain number"]),
        ("alter table \"Plain\" alter big type integer", "alter table \"Plain\" alter big type bigint", &["column_type_changed Plain big"]),
        ("alter table \"Plain\" alter float type real", "alter table \"Plain\" alter float type double precision", &["column_type_changed Plain float"]),
        ("alter table \"Plain\" alter decimal type decimal(65,29)", "alter table \"Plain\" alter decimal type decimal(65,30)", &["column_type_changed Plain decimal"]),
        ("alter table \"Plain\" alter moment type timestamp(6)", "alter table \"Plain\" alter moment type timestamp(3)", &["column_type_changed Plain moment"]),
        ("alter table \"Plain\" alter json type json", "alter table \"Plain\" alter json type jsonb", &["column_type_changed Plain json"]),
        ("alter table \"Plain\" alter bytes type text using ''", "alter table \"Plain\" alter bytes type bytea using ''", &["column_type_changed Plain bytes"]),
        // Nullability; lists are arrays that may be null.
        ("alter table \"Plain\" alter text drop not null", "alter table \"Plain\" alter text set not null", &["nullability_changed Plain text"]),
        ("alter table \"Plain\" alter \"textQ\" set not null", "alter table \"Plain\" alter \"textQ\" drop not null", &["nullability_changed Plain textQ"]),
        ("alter table \"Lists\" alter texts set not null", "alter table \"Lists\" alter texts drop not null", &["nullability_changed Lists texts"]),
        ("alter table \"Lists\" alter numbers type bigint[]", "alter table \"Lists\" alter numbers type integer[]", &["column_type_changed Lists numbers"]),
        // Native types that are named, with their numbers.
        ("alter table \"Native\" alter varchar20 type varchar(21)", "alter table \"Native\" alter varchar20 type varchar(20)", &["column_type_changed Native varchar20"]),
        ("alter table \"Native\" alter varchar type varchar(21)", "alter table \"Native\" alter varchar type varchar", &["column_type_changed Native varchar"]),
        ("alter table \"Native\" alter char3 type char(4)", "alter table \"Native\" alter char3 type char(3)", &["column_type_changed Native char3"]),
        ("alter table \"Native\" alter timestamptz3 type timestamptz(6)", "alter table \"Native\" alter timestamptz3 type timestamptz(3)", &["column_type_changed Native timestamptz3"]),
        ("alter table \"Native\" alter timestamp6 type timestamp(3)", "alter table \"Native\" alter timestamp6 type timestamp(6)", &["column_type_changed Native timestamp6"]),
        ("alter table \"Native\" alter decimal102 type decimal(14,4)", "alter table \"Native\" alter decimal102 type decimal(10,2)", &["column_type_changed Native decimal102"]),
        ("alter table \"Native\" alter uuid type text", "alter table \"Native\" alter uuid type uuid using uuid::uuid", &["column_type_changed Native uuid"]),
        // What Prisma does not know, as it is written.
        ("alter table \"Unknown\" alter document type text", "alter table \"Unknown\" alter document type tsvector using ''", &["column_type_changed Unknown document"]),
        ("alter table \"Unknown\" rename mac_address to address", "alter table \"Unknown\" rename address to mac_address", &["missing_column Unknown mac_address", "unexpected_column Unknown address"]),
    ]),
    ("defaults", &[
        ("alter table \"Serial\" alter id drop default", "alter table \"Serial\" alter id set default nextval('\"Serial_id_seq\"')", &["default_changed Serial id"]),
        ("alter table \"MadeByTheClient\" alter uuid set default gen_random_uuid()", "alter table \"MadeByTheClient\" alter uuid drop default", &["default_changed MadeByTheClient uuid"]),
        ("alter table \"MadeByTheClient\" alter cuid set default 'x'", "alter table \"MadeByTheClient\" alter cuid drop default", &["default_changed MadeByTheClient cuid"]),
        ("alter table \"Literal\" alter number set default 43", "alter table \"Literal\" alter number set default 42", &["default_changed Literal number"]),
        ("alter table \"Literal\" alter quoted set default 'it''s'", "alter table \"Literal\" alter quoted set default E'it''s \"quoted\" \\\\ back'", &["default_changed Literal quoted"]),
        ("alter table \"Literal\" alter yes set default false", "alter table \"Literal\" alter yes set default true", &["default_changed Literal yes"]),
        ("alter table \"Literal\" alter role set default 'CONDUCTOR'", "alter table \"Literal\" alter role set default 'MUSICIAN'", &["default_changed Literal role"]),
        ("alter table \"Now\" alter \"createdAt\" drop default", "alter table \"Now\" alter \"createdAt\" set default current_timestamp", &["default_changed Now createdAt"]),
        ("alter table \"InLists\" alter numbers set default array[1]::integer[]", "alter table \"InLists\" alter numbers set default array[1, -2]::integer[]", &["default_changed InLists numbers"]),
        ("alter table \"ByTheDatabase\" alter number set default 3", "alter table \"ByTheDatabase\" alter number set default 1 + 1", &["default_changed ByTheDatabase number"]),
    ]),
    ("keys", &[
        ("alter table \"Named\" rename constraint the_key to \"Named_pkey\"", "alter table \"Named\" rename constraint \"Named_pkey\" to the_key", &["primary_key_changed Named the_key"]),
        ("alter table \"Composite\" drop constraint \"Composite_pkey\", add primary key (a, b)", "alter table \"Composite\" drop constraint \"Composite_pkey\", add primary key (b, a)", &["primary_key_changed Composite Composite_pkey"]),
        ("drop index \"Single_email_key\"", "create unique index \"Single_email_key\" on \"Single\" (email)", &["unique_changed Single Single_email_key"]),
        ("drop index composite_abc; create unique index composite_abc on \"Composite\" (a, b)", "drop index composite_abc; create unique index composite_abc on \"Composite\" (a, b, c)", &["unique_changed Composite composite_abc"]),
        ("drop index \"Indexed_a_idx\"", "create index \"Indexed_a_idx\" on \"Indexed\" (a)", &["index_changed Indexed Indexed_a_idx"]),
        ("drop index \"Indexed_a_b_idx\"; create index \"Indexed_a_b_idx\" on \"Indexed\" (a, b)", "drop index \"Indexed_a_b_idx\"; create index \"Indexed_a_b_idx\" on \"Indexed\" (a, b desc)", &["index_changed Indexed Indexed_a_b_idx"]),
        ("drop index indexed_b_hash; create index indexed_b_hash on \"Indexed\" (b)", "drop index indexed_b_hash; create index indexed_b_hash on \"Indexed\" using hash (b)", &["index_changed Indexed indexed_b_hash"]),
        ("drop index indexed_json_path; create index indexed_json_path on \"Indexed\" using gin (json)", "drop index indexed_json_path; create index indexed_json_path on \"Indexed\" using gin (json jsonb_path_ops)", &["index_changed Indexed indexed_json_path"]),
        ("alter index legacy_name rename to other", "alter index other rename to legacy_name", &["index_changed Indexed legacy_name"]),
    ]),
    ("relations", &[
        ("alter table \"Post\" drop constraint \"Post_authorId_fkey\"", "alter table \"Post\" add constraint \"Post_authorId_fkey\" foreign key (\"authorId\") references \"Author\" (id) on delete restrict on update cascade", &["foreign_key_changed Post Post_authorId_fkey"]),
        // The defaults of onDelete: restrict where it must be there, set null where it need not.
        ("alter table \"Post\" drop constraint \"Post_authorId_fkey\", add constraint \"Post_authorId_fkey\" foreign key (\"authorId\") references \"Author\" (id) on delete cascade on update cascade", "alter table \"Post\" drop constraint \"Post_authorId_fkey\", add constraint \"Post_authorId_fkey\" foreign key (\"authorId\") references \"Author\" (id) on delete restrict on update cascade", &["foreign_key_changed Post Post_authorId_fkey"]),
        ("alter table \"Profile\" drop constraint \"Profile_authorId_fkey\", add constraint \"Profile_authorId_fkey\" foreign key (\"authorId\") references \"Author\" (id) on delete restrict on update cascade", "alter table \"Profile\" drop constraint \"Profile_authorId_fkey\", add constraint \"Profile_authorId_fkey\" foreign key (\"authorId\") references \"Author\" (id) on delete set null on update cascade", &["foreign_key_changed Profile Profile_authorId_fkey"]),
        ("alter table \"Post\" drop constraint \"Post_authorId_fkey\", add constraint \"Post_authorId_fkey\" foreign key (\"authorId\") references \"Author\" (id) on delete restrict", "alter table \"Post\" drop constraint \"Post_authorId_fkey\", add constraint \"Post_authorId_fkey\" foreign key (\"authorId\") references \"Author\" (id) on delete restrict on update cascade", &["foreign_key_changed Post Post_authorId_fkey"]),
        ("alter table \"Actions\" rename constraint actions_three to x", "alter table \"Actions\" rename constraint x to actions_three", &["foreign_key_changed Actions actions_three"]),
        // `@@ignore` and `@ignore` are the client's business: the table and the column are there.
        ("alter table legacy rename to gone", "alter table gone rename to legacy", &["foreign_key_changed Link Link_legacyId_fkey", "missing_table legacy", "unexpected_table gone"]),
        ("alter table \"Link\" drop hidden", "alter table \"Link\" add hidden text not null", &["missing_column Link hidden"]),
    ]),
    ("names", &[
        ("alter table \"user\" rename to \"User\"", "alter table \"User\" rename to \"user\"", &["missing_table user", "unexpected_table User"]),
        ("alter table \"user\" rename \"full name\" to name", "alter table \"user\" rename name to \"full name\"", &["index_changed user user_full name_über_idx", "missing_column user full name", "unexpected_column user name", "unique_changed user user_full name_key"]),
        ("alter type \"order\" rename value 'paid-in-full' to 'PAID'", "alter type \"order\" rename value 'PAID' to 'paid-in-full'", &["default_changed user order", "enum_changed order"]),
    ]),
    ("schemas", &[
        ("alter table billing.invoice set schema public", "alter table public.invoice set schema billing", &["missing_table billing.invoice", "unexpected_table invoice"]),
        ("alter type \"user\".\"Currency\" set schema public", "alter type public.\"Currency\" set schema \"user\"", &["column_type_changed billing.invoice currencies", "column_type_changed billing.invoice currency", "missing_enum user.Currency", "unexpected_enum Currency"]),
        // Prisma never makes a view.
        ("create view billing.invoice_total as select 1 as \"customerId\", 1.0 as total", "drop view billing.invoice_total", &[]),
    ]),
    ("join-tables", &[
        ("drop table \"_PostTags\"", "create table \"_PostTags\" (\"A\" integer not null, \"B\" uuid not null, constraint \"_PostTags_AB_pkey\" primary key (\"A\", \"B\")); create index \"_PostTags_B_index\" on \"_PostTags\" (\"B\"); alter table \"_PostTags\" add foreign key (\"A\") references \"Post\" (id) on delete cascade on update cascade, add foreign key (\"B\") references \"Tag\" (id) on delete cascade on update cascade", &["missing_table _PostTags"]),
        ("drop index \"_PostTags_B_index\"", "create index \"_PostTags_B_index\" on \"_PostTags\" (\"B\")", &["index_changed _PostTags _PostTags_B_index"]),
        ("alter table \"_follows\" drop constraint \"_follows_A_fkey\"", "alter table \"_follows\" add constraint \"_follows_A_fkey\" foreign key (\"A\") references \"User\" (id) on delete cascade on update cascade", &["foreign_key_changed _follows _follows_A_fkey"]),
        ("alter table \"_follows\" drop constraint \"_follows_AB_pkey\"", "alter table \"_follows\" add constraint \"_follows_AB_pkey\" primary key (\"A\", \"B\")", &["unique_changed _follows (A, B)"]),
        // The form of Prisma up to 5 is as good.
        ("alter table \"_follows\" drop constraint \"_follows_AB_pkey\"; create unique index \"_follows_AB_unique\" on \"_follows\" (\"A\", \"B\")", "drop index \"_follows_AB_unique\"; alter table \"_follows\" add constraint \"_follows_AB_pkey\" primary key (\"A\", \"B\")", &[]),
    ]),
    ("join-tables-5", &[]),
    ("relation-mode", &[
        ("alter table \"Post\" add constraint x foreign key (\"authorId\") references \"User\" (id)", "alter table \"Post\" drop constraint x", &["foreign_key_changed Post x"]),
    ]),
    ("extensions", &[
        ("drop index user_name_trigrams; create index user_name_trigrams on \"User\" using gin (name gin_trgm_ops) where id > 0", "drop index user_name_trigrams; create index user_name_trigrams on \"User\" using gin (name gin_trgm_ops)", &["index_changed User user_name_trigrams"]),
    ]),
    ("folder", &[]),
    ("schema.central", &[
        ("alter table \"Customer\" add surprise text", "alter table \"Customer\" drop surprise", &["unexpected_column Customer surprise"]),
    ]),
    ("schema.orchestra", &[]),
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What `import` prints of a file.
async fn import(held: &Held<'_>, kind: &str, path: &Path, depth: &str) -> String {
    let path = path.display().to_string();
    let run = held.workspace.run(&["import", kind, &path, "--depth", depth]).await;
    run.ended(0);
    run.stdout
}

#[tokio::test]
async fn prisma_schemas_are_what_prisma_makes_of_them() {
    let mut wrong = Vec::new();
    for (name, seeds) in SCHEMAS {
        let database = TestDatabase::create("prisma").await;
        database.execute(&read(&fixture(&format!("prisma/{name}.sql")))).await;
        let held = Held::new(&database).await;
        let path = match *name {
            "folder" => fixture("prisma/folder"),
            name => fixture(&format!("prisma/{name}.prisma")),
        };
        for depth in ["tables", "columns", "full"] {
            held.to(&import(&held, "prisma", &path, depth).await);
            assert_eq!(held.findings().await, [""; 0], "{name}, {depth}");
        }
        for (sql, undo, want) in *seeds {
            wrong.extend(held.drift(sql, undo, want).await);
        }
    }
    assert_eq!(wrong, [""; 0], "{}", wrong.join("\n"));
}

#[tokio::test]
async fn sql_is_what_postgresql_makes_of_it() {
    for name in [
        "ddl/structure",
        "ddl/dump",
        "prisma/schema.central",
        "prisma/schema.orchestra",
        "prisma/relations",
    ] {
        let database = TestDatabase::create("ddl").await;
        let path = fixture(&format!("{name}.sql"));
        let role = Cluster::shared().superuser();
        // psql, because a dump speaks to psql.
        let psql = find_program("psql", &[]).expect("psql is there");
        let mut command = Command::new(psql);
        command
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &database.url(&role), "-f"])
            .arg(&path);
        must_succeed(&mut command);
        let held = Held::new(&database).await;
        for depth in ["tables", "columns", "full"] {
            held.to(&import(&held, "sql", &path, depth).await);
            assert_eq!(held.findings().await, [""; 0], "{name}, {depth}");
        }
    }
}

/// `pg_dump --schema-only` of a database imports, and checks clean against it.
#[tokio::test]
async fn a_dump_is_what_the_database_is() {
    let database = TestDatabase::create("dumped").await;
    database.execute(&read(&fixture("ddl/structure.sql"))).await;
    let role = Cluster::shared().superuser();
    let dump = find_program("pg_dump", &["/usr/lib/postgresql/15/bin"]).expect("pg_dump is there");
    let output =
        must_succeed(Command::new(dump).args(["--schema-only", "-d", &database.url(&role)]));
    let held = Held::new(&database).await;
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let path = held.workspace.rewrite("dump.sql", &text);
    held.to(&import(&held, "sql", &path, "full").await);
    assert_eq!(held.findings().await, [""; 0]);
    // A dump cut in half says so, and nothing is printed.
    let half = held.workspace.rewrite("half.sql", &text[..text.len() / 2]);
    let run = held.workspace.run(&["import", "sql", &half.display().to_string()]).await;
    run.ended(2).says("half.sql:");
    assert_eq!(run.stdout, "");
}

/// What a person gets wrong is told with file, line, column and a caret; nothing is printed.
#[tokio::test]
async fn mistakes_of_a_source_have_a_place() {
    let database = TestDatabase::create("mistakes").await;
    let held = Held::new(&database).await;
    let datasource = "datasource db {\n  provider = \"postgresql\"\n}\n";
    for (kind, file, text, words) in [
        ("prisma", "a.prisma", "model A {\n  id Int @idd\n}\n", &["a.prisma:2:", "@idd", "^"][..]),
        ("prisma", "b.prisma", "model A {\n  id Int @id\n", &["b.prisma:1:", "never closed"]),
        (
            "prisma",
            "c.prisma",
            "model A {\n  id Int @id\n}\nmodel A {\n  id Int @id\n}\n",
            &["c.prisma:4:7", "`A`"],
        ),
        ("prisma", "d.prisma", "model A {\n  id Int @id\n  b B\n}\n", &["d.prisma:3:", "`B`"]),
        (
            "prisma",
            "e.prisma",
            "datasource db {\n  provider = \"mysql\"\n}\nmodel A {\n  id Int @id\n}\n",
            &["e.prisma:2:", "mysql", "^^^"],
        ),
        ("prisma", "f.prisma", "", &["f.prisma", "empty"]),
        ("prisma", "nowhere.prisma", "-", &["nowhere.prisma"]),
        ("sql", "a.sql", "create table a (id int;\n", &["a.sql:1:"]),
        (
            "sql",
            "b.sql",
            "create table a (id int);\ncreate table a (id int);\n",
            &["b.sql:2:", "`a`"],
        ),
        ("sql", "nowhere.sql", "-", &["nowhere.sql"]),
    ] {
        if text != "-" {
            let text = if kind == "prisma" && !text.is_empty() && !text.contains("datasource") {
                format!("{text}{datasource}")
            } else {
                text.to_owned()
            };
            held.workspace.rewrite(file, &text);
        }
        let run = held.workspace.run(&["import", kind, file]).await;
        run.ended(2);
        assert_eq!(run.stdout, "", "{file}");
        for word in words {
            run.says(word);
        }
    }
}

/// Whatever the SQL does: PostgreSQL itself runs it, in a database that is gone afterwards.
#[tokio::test]
async fn a_scratch_database_is_filled_read_and_dropped() {
    let database = TestDatabase::create("target").await;
    let sql = "create extension citext;
        do $$ begin execute 'create table made (id int primary key, email citext)'; end $$;
        create role must_not_be_made;
        create table kept as select 1 as one;
        alter table kept owner to nobody_like_this;
        create or replace function f() returns int language sql as 'select 1';";
    database.execute("create extension citext; create table made (id int primary key, email citext); create table kept as select 1 as one; create function f() returns int language sql as 'select 1'").await;
    let held = Held::new(&database).await;
    let path = held.workspace.rewrite("migration.sql", sql).display().to_string();
    let superuser = Cluster::shared().superuser();
    let server = database.url(&superuser);
    let arguments = ["import", "sql", &path, "--depth", "full", "--via-scratch", &server];
    let run = held.workspace.run(&arguments).await;
    run.ended(0)
        .says("not run: CREATE ROLE, which is about the server (1 statement)")
        .says("of a role that the server does not have");
    held.to(&run.stdout);
    assert_eq!(held.findings().await, [""; 0]);
    database.execute("alter table made drop email").await;
    assert_eq!(held.findings().await, ["missing_column made email"]);

    // A statement that fails is told with its place, and nothing is left behind.
    let path =
        held.workspace.rewrite("bad.sql", "create table a (id int);\ncreate table b (id nope);\n");
    let path = path.display().to_string();
    let run = held.workspace.run(&["import", "sql", &path, "--via-scratch", &server]).await;
    run.ended(2).says("bad.sql:2:1: ").says("nope");
    assert_eq!(run.stdout, "");
    let left = "select count(*) from pg_database where datname like 'schemawarden_scratch_%'";
    assert_eq!(database.one(left).await, "0");
    let made = "select count(*) from pg_roles where rolname = 'must_not_be_made'";
    assert_eq!(database.one(made).await, "0");

    // Who may not make databases is told so.
    let url = held.url();
    let run = held.workspace.run(&["import", "sql", &path, "--via-scratch", &url]).await;
    run.ended(2).says("may not create databases");
    breaking_off_drops_it(&database, &held).await;
}

/// Whoever breaks off leaves nothing behind. Part of the test above: both count what is left on the server.
async fn breaking_off_drops_it(database: &TestDatabase<'_>, held: &Held<'_>) {
    let path = held.workspace.rewrite("slow.sql", "select pg_sleep(600);").display().to_string();
    let server = database.url(&Cluster::shared().superuser());
    let sleeping = "select count(*) from pg_stat_activity where query like 'select pg_sleep(600)%' \
                    and datname like 'schemawarden_scratch_%'";
    let left = "select count(*) from pg_database where datname like 'schemawarden_scratch_%'";
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let arguments = ["import", "sql", &path, "--via-scratch", &server];
        let mut child =
            held.workspace.command(&arguments).spawn().expect("the binary can be started");
        let pid = Pid::from_raw(i32::try_from(child.id().expect("it runs")).expect("a pid"));
        until("it sleeps in its database", || async {
            (database.one(sleeping).await == "1").then_some(())
        })
        .await;
        kill(pid, signal).expect("it is there");
        let status = tokio::time::timeout(DEADLINE, child.wait()).await.expect("it ends");
        assert_eq!(status.expect("it ended").code(), Some(2), "{signal}");
        assert_eq!(database.one(left).await, "0", "{signal}");
    }
}
