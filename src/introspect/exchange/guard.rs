//! The guard's state: a message of its own, after everything else, and only where somebody declared a guard or
//! its event triggers were seen. Catalogs alone are read; nothing of the guard runs.

use tokio_postgres::SimpleQueryRow;

use super::observer::one;
use super::observer::triggers;
use super::rows::decode_hex;
use super::rows::flag;
use super::rows::listed;
use super::rows::optional;
use super::rows::undecodable;
use crate::introspect::connect::Deadline;
use crate::introspect::error::TalkError;
use crate::introspect::session::Session;
use crate::schema::BYPASS;
use crate::schema::Bypass;
use crate::schema::GUARD_PREFIX;
use crate::schema::GUARD_TRIGGERS;
use crate::schema::Guard;
use crate::schema::GuardSeal;
use crate::schema::visible;

/// Bytes of the comment that are looked at. A seal has about a hundred.
const COMMENT_MAX: usize = 500;

/// What is there of the guard: one row. The fingerprint is made as `guard.sql` makes it when everything is in
/// place: of the functions' text and of how they and the event triggers are declared. 1255 is `pg_proc`, 61 an
/// equals sign.
fn state_query() -> String {
    format!(
        "select
  (select pg_catalog.string_agg(pg_catalog.concat(t.evtname, ' ', t.evtenabled), ',')
    from pg_catalog.pg_event_trigger t
    join pg_catalog.pg_proc p on p.oid operator(pg_catalog.=) t.evtfoid
    where p.pronamespace operator(pg_catalog.=) own.schema
      and t.evtname operator(pg_catalog.=) any ('{{{triggers}}}'::pg_catalog.name[])),
  (select pg_catalog.encode(pg_catalog.substr(pg_catalog.textsend(d.description), 1, {COMMENT_MAX}), 'hex')
    from pg_catalog.pg_proc p join pg_catalog.pg_description d on d.objoid operator(pg_catalog.=) p.oid
    where p.pronamespace operator(pg_catalog.=) own.schema
      and p.proname operator(pg_catalog.=) 'guard'::pg_catalog.name
      and d.classoid operator(pg_catalog.=) 1255::pg_catalog.oid limit 1),
  (select pg_catalog.encode(pg_catalog.sha256(pg_catalog.textsend(pg_catalog.concat(
        pg_catalog.string_agg(pg_catalog.concat(p.proname, p.prosrc, p.prosecdef, p.provolatile, p.proconfig), ''
          order by p.proname),
        (select pg_catalog.string_agg(pg_catalog.concat(t.evtname, t.evtevent, t.evttags,
            t.evtfoid operator(pg_catalog.=) any (pg_catalog.array_agg(p.oid)
              filter (where p.proname operator(pg_catalog.=) 'guard'::pg_catalog.name))), '' order by t.evtname)
          from pg_catalog.pg_event_trigger t
          where pg_catalog.starts_with(t.evtname::pg_catalog.text, '{GUARD_PREFIX}'))))), 'hex')
    from pg_catalog.pg_proc p
    where p.pronamespace operator(pg_catalog.=) own.schema
      and p.proname operator(pg_catalog.=) any ('{{guard,guard_before,guard_key}}'::pg_catalog.name[])
    having pg_catalog.count(*) operator(pg_catalog.>) 0),
  coalesce(pg_catalog.current_setting('event_triggers', true), 'on') operator(pg_catalog.=) 'off',
  exists (select from pg_catalog.pg_namespace n
      cross join lateral pg_catalog.aclexplode(n.nspacl) a
      where n.oid operator(pg_catalog.=) own.schema and a.privilege_type operator(pg_catalog.=) 'CREATE'
        and a.grantee operator(pg_catalog.<>) n.nspowner)
    or exists (select from pg_catalog.pg_class c
      cross join lateral pg_catalog.aclexplode(c.relacl) a
      where c.relnamespace operator(pg_catalog.=) own.schema
        and c.relkind operator(pg_catalog.=) any ('{{r,p}}'::pg_catalog.\"char\"[])
        and a.privilege_type operator(pg_catalog.<>) 'SELECT' and a.grantee operator(pg_catalog.<>) c.relowner),
  (select pg_catalog.string_agg(pg_catalog.concat(f.kind, ' ', pg_catalog.encode(pg_catalog.namesend(f.name), 'hex'), ' ',
      pg_catalog.encode(pg_catalog.namesend(pg_catalog.pg_get_userbyid(f.owner)), 'hex')), ',')
    from (select 'relation' as kind, c.relname as name, c.relowner as owner from pg_catalog.pg_class c
        where c.relnamespace operator(pg_catalog.=) own.schema
      union all select 'function', p.proname, p.proowner from pg_catalog.pg_proc p
        where p.pronamespace operator(pg_catalog.=) own.schema
      union all select 'schema', n.nspname, n.nspowner from pg_catalog.pg_namespace n
        where n.oid operator(pg_catalog.=) own.schema) f
    where f.owner operator(pg_catalog.<>) (select coalesce(pg_catalog.min(p.proowner::pg_catalog.text)::pg_catalog.oid, f.owner)
      from pg_catalog.pg_proc p where p.pronamespace operator(pg_catalog.=) own.schema
        and p.proname operator(pg_catalog.=) 'guard'::pg_catalog.name and p.pronargs operator(pg_catalog.=) 0::pg_catalog.int2)),
  exists (select from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) t.tgrelid
    where c.relnamespace operator(pg_catalog.=) own.schema and not t.tgisinternal),
  (select pg_catalog.string_agg(pg_catalog.concat(case when s.setdatabase operator(pg_catalog.=) 0::pg_catalog.oid
        then 'everywhere' else 'here' end, ' ',
      case when s.setrole operator(pg_catalog.<>) 0::pg_catalog.oid
        then pg_catalog.encode(pg_catalog.namesend(pg_catalog.pg_get_userbyid(s.setrole)), 'hex') end), ',')
    from pg_catalog.pg_db_role_setting s
    cross join lateral pg_catalog.unnest(s.setconfig) u(setting)
    join pg_catalog.pg_database d on d.datname operator(pg_catalog.=) pg_catalog.current_database()
    where s.setdatabase operator(pg_catalog.=) any (array[0::pg_catalog.oid, d.oid])
      and (s.setrole operator(pg_catalog.=) 0::pg_catalog.oid
        or exists (select from pg_catalog.pg_roles r
          where r.oid operator(pg_catalog.=) s.setrole and r.rolcanlogin)
        and pg_catalog.has_database_privilege(s.setrole, d.oid, 'CONNECT'))
      and pg_catalog.lower(pg_catalog.split_part(u.setting, pg_catalog.chr(61), 1)) operator(pg_catalog.=) '{BYPASS}'
      and pg_catalog.btrim(pg_catalog.substr(u.setting, {value_at})) operator(pg_catalog.<>) ''),
  coalesce(pg_catalog.btrim(pg_catalog.current_setting('{BYPASS}', true)), '') operator(pg_catalog.<>) ''
from (select (select n.oid from pg_catalog.pg_namespace n
      where n.nspname operator(pg_catalog.=) 'schemawarden'::pg_catalog.name) as schema) own",
        triggers = GUARD_TRIGGERS.join(","),
        value_at = BYPASS.len() + 2,
    )
}

/// What is there of the guard, or why that is not known.
pub(super) async fn state(session: &mut Session, deadline: Deadline) -> Result<Guard, String> {
    one(session, deadline, &state_query(), guard).await
}

fn guard(row: &SimpleQueryRow) -> Result<Guard, TalkError> {
    let comment = optional(row, 1)?.map(decode_hex).transpose()?;
    Ok(Guard {
        triggers: triggers(row, 0)?,
        seal: comment.and_then(|it| GuardSeal::read(std::str::from_utf8(&it).ok()?)),
        text: optional(row, 2)?.map(|it| visible(it.as_bytes())),
        silenced: flag(row, 3)?,
        shared: flag(row, 4)?,
        foreign: listed(optional(row, 5)?).map(foreign).collect::<Result<_, TalkError>>()?,
        triggered: flag(row, 6)?,
        bypassed: bypassed(row)?,
    })
}

/// `function 616263 78` in words.
fn foreign(told: &str) -> Result<String, TalkError> {
    let mut words = told.split(' ');
    let mut word = || words.next().ok_or_else(|| undecodable("what somebody else owns"));
    let kind = word()?;
    let [name, owner] = [word()?, word()?];
    let seen = |hex: &str| decode_hex(hex).map(|it| visible(&it));
    Ok(format!("{kind} `{}` of role `{}`", seen(name)?, seen(owner)?))
}

/// Where a setting lets everything pass: of the server, where none of the catalog does and this session has it.
fn bypassed(row: &SimpleQueryRow) -> Result<Vec<Bypass>, TalkError> {
    let one = |it: &str| match it.split_once(' ') {
        Some(("here", "")) => Ok(Bypass::Database),
        Some(("everywhere", "")) => Ok(Bypass::AllRoles),
        Some(("here", role)) => Ok(Bypass::RoleInDatabase(visible(&decode_hex(role)?))),
        Some((_, role)) => Ok(Bypass::Role(visible(&decode_hex(role)?))),
        None => Err(undecodable("a setting")),
    };
    let mut found: Vec<Bypass> =
        listed(optional(row, 7)?).map(one).collect::<Result<_, TalkError>>()?;
    if found.is_empty() && flag(row, 8)? {
        found.push(Bypass::Server);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::introspect::exchange::sql::holds_the_rules;

    #[test]
    fn every_operator_cast_and_call_names_its_schema() {
        holds_the_rules(&state_query());
    }
}
