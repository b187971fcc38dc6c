//! What acts or decides when somebody touches a table: triggers (`pg_trigger`), row-level security
//! (`pg_policy`) and privileges (`pg_class.relacl`).

use tokio_postgres::SimpleQueryRow;

use super::known::Known;
use super::sql;
use super::sql::Server;
use super::told::Told;
use crate::introspect::error::TalkError;
use crate::introspect::exchange::rows::flag;
use crate::introspect::exchange::rows::listed;
use crate::introspect::exchange::rows::name;
use crate::introspect::exchange::rows::name_in_hex;
use crate::introspect::exchange::rows::optional;
use crate::introspect::exchange::rows::optional_words;
use crate::introspect::exchange::rows::text;
use crate::introspect::exchange::rows::undecodable;
use crate::introspect::exchange::rows::words;
use crate::schema::Grantee;
use crate::schema::Policy;
use crate::schema::RowSecurity;
use crate::schema::Trigger;

/// Stands for everybody among roles in hex. It is no hex itself.
const EVERYBODY: &str = "public";

/// A row for each trigger that somebody made, or one for a table without any.
pub(super) fn triggers(server: Server) -> String {
    sql::tables(
        &[
            server.name("t.tgname"),
            server.told("pg_catalog.pg_get_triggerdef(t.oid)"),
            "t.tgenabled".to_owned(),
        ],
        "left join pg_catalog.pg_trigger t on t.tgrelid operator(pg_catalog.=) c.oid
  and not t.tgisinternal",
        "",
    )
}

pub(super) fn take_trigger(
    row: &SimpleQueryRow,
    known: &mut Known,
    told: &mut Told,
) -> Result<(), TalkError> {
    let Some(table) = known.table(told.about(row)?) else { return Ok(()) };
    let Some(enabled) = optional(row, 3)? else { return Ok(()) };
    let definition = told.present(words(row, 2)?);
    table.triggers.insert(name(row, 1)?, Trigger { definition, enabled: letter(enabled)? });
    Ok(())
}

/// A letter of `pg_trigger.tgenabled` or `pg_event_trigger.evtenabled`.
pub(super) fn letter(text: &str) -> Result<char, TalkError> {
    text.parse().map_err(|_| undecodable("not one letter"))
}

/// A row for each policy, or one for a table without any; each says whether row-level security is on.
pub(super) fn policies(server: Server) -> String {
    let condition = |tree: &str| {
        let told = server.told(&format!("pg_catalog.pg_get_expr({tree}, p.polrelid)"));
        format!("case when {tree} is not null then {told} end")
    };
    sql::tables(
        &[
            "c.relrowsecurity".to_owned(),
            "c.relforcerowsecurity".to_owned(),
            server.name("p.polname"),
            "p.polcmd".to_owned(),
            "p.polpermissive".to_owned(),
            format!(
                "(select pg_catalog.string_agg({}, ',') from pg_catalog.unnest(p.polroles) r(oid))",
                grantee("r.oid")
            ),
            condition("p.polqual"),
            condition("p.polwithcheck"),
        ],
        "left join pg_catalog.pg_policy p on p.polrelid operator(pg_catalog.=) c.oid",
        "",
    )
}

pub(super) fn take_policy(
    row: &SimpleQueryRow,
    known: &mut Known,
    told: &mut Told,
) -> Result<(), TalkError> {
    let Some(table) = known.table(told.about(row)?) else { return Ok(()) };
    table.row_security = RowSecurity { enabled: flag(row, 1)?, forced: flag(row, 2)? };
    let Some(command) = optional(row, 4)? else { return Ok(()) };
    let command = match command {
        "r" => "select",
        "a" => "insert",
        "w" => "update",
        "d" => "delete",
        "*" => "all",
        _ => return Err(undecodable("a policy for an unknown command")),
    };
    let policy = Policy {
        command: command.to_owned(),
        permissive: flag(row, 5)?,
        roles: listed(optional(row, 6)?).map(decode_grantee).collect::<Result<_, _>>()?,
        using: optional_words(row, 7)?.map(|it| told.present(it)),
        check: optional_words(row, 8)?.map(|it| told.present(it)),
    };
    table.policies.insert(name(row, 3)?, policy);
    Ok(())
}

/// A row for each privilege. Without an access list (NULL) only the owner has any.
pub(super) fn grants(server: Server) -> String {
    sql::tables(
        &[grantee("x.grantee"), server.words("pg_catalog.lower(x.privilege_type)")],
        "cross join lateral pg_catalog.aclexplode(c.relacl) x",
        "and x.grantee operator(pg_catalog.<>) c.relowner",
    )
}

pub(super) fn take_grant(
    row: &SimpleQueryRow,
    known: &mut Known,
    told: &mut Told,
) -> Result<(), TalkError> {
    let Some(table) = known.table(told.about(row)?) else { return Ok(()) };
    let grantee = decode_grantee(text(row, 1)?)?;
    table.grants.entry(grantee).or_default().insert(words(row, 2)?);
    Ok(())
}

/// A role by its OID, where 0 is everybody.
fn grantee(oid: &str) -> String {
    format!(
        "case when {oid} operator(pg_catalog.=) 0::pg_catalog.oid then '{EVERYBODY}'
    else {} end",
        sql::role(oid)
    )
}

fn decode_grantee(word: &str) -> Result<Grantee, TalkError> {
    if word == EVERYBODY { Ok(Grantee::Public) } else { name_in_hex(word).map(Grantee::Role) }
}
