BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = pg_catalog, pg_temp;

DO $check$
BEGIN
{check_database}  IF current_setting('server_version_num')::integer < 130000 THEN
    RAISE EXCEPTION 'the guard needs PostgreSQL 13 or later';
  END IF;
  -- What has these names already must be ours: the guard runs with the rights of who owns it.
  IF EXISTS (
    SELECT FROM pg_namespace n
    LEFT JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname IN ('guard', 'guard_before', 'guard_key')
    WHERE n.nspname = 'schemawarden'
      AND (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user) <> ANY (ARRAY[n.nspowner, coalesce(p.proowner, n.nspowner)])
  ) THEN
    RAISE EXCEPTION 'schema "schemawarden", or what is in it, is not owned by "%"', current_user
      USING HINT = 'Install as its owner; or find out whose it is, and drop it.';
  END IF;
END
$check$;

-- Until they are made anew below, nothing is refused; nobody sees that, since this is one transaction.
DROP EVENT TRIGGER IF EXISTS schemawarden_guard_before;
DROP EVENT TRIGGER IF EXISTS schemawarden_guard_ddl_command_end;
DROP EVENT TRIGGER IF EXISTS schemawarden_guard_sql_drop;

CREATE SCHEMA IF NOT EXISTS schemawarden;

-- How a table is spelt below: its kind, schema and name; a name that is not plain ASCII in the hex of its bytes.
CREATE OR REPLACE FUNCTION schemawarden.guard_key(kind text, schema text, relation text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $guard_key$
  SELECT concat(kind, ' ', string_agg(
    CASE WHEN part ~ '^[ -~]*$' THEN concat('"', replace(part, '"', '""'), '"')
      WHEN current_setting('server_encoding') IN ('UTF8', 'SQL_ASCII') THEN encode(textsend(part), 'hex')
      ELSE encode(convert_to(part, 'UTF8'), 'hex') END, '.' ORDER BY place))
  FROM (VALUES (1, schema), (2, relation)) AS parts(place, part)
$guard_key$;

-- Remembers, for the guard below, what the tables that a command changes were called before: being STABLE, it
-- reads the catalog as the command found it. Where it cannot, the change passes.
CREATE OR REPLACE FUNCTION schemawarden.guard_before() RETURNS event_trigger
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $guard_before$
BEGIN
  PERFORM set_config('schemawarden.before', coalesce((
    SELECT jsonb_object_agg(r.oid, jsonb_build_array(n.nspname, r.relname))
    FROM pg_event_trigger_ddl_commands() c
    JOIN pg_class r ON CASE tg_tag WHEN 'ALTER SCHEMA' THEN r.relnamespace ELSE r.oid END = c.objid
    JOIN pg_namespace n ON n.oid = r.relnamespace
    WHERE c.classid = CASE tg_tag WHEN 'ALTER SCHEMA' THEN 'pg_namespace' ELSE 'pg_class' END::regclass
      AND r.relkind IN ('r', 'p', 'f'))::text, ''), true);
EXCEPTION WHEN assert_failure OR OTHERS THEN
  RAISE LOG 'schemawarden: what was there before a command (%) is not known: %', tg_tag, sqlerrm;
END
$guard_before$;

-- Refuses what would leave a table here that manifest {manifest_in_line} does not list, and what would take one
-- away that it lists. What fails in here is caught, goes to the server's log, and lets the command pass. It has
-- its owner's rights only so that it can write to the observer's ledger.
CREATE OR REPLACE FUNCTION schemawarden.guard() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '100ms'
AS $guard$
DECLARE
  manifest CONSTANT text := {manifest};
  -- The registered name of this database.
  registered CONSTANT text := {database};
  -- The tables that have to be here, and those that may. (A name that is not plain ASCII is spelt in hex.)
  required CONSTANT text[] := {required};
  allowed CONSTANT text[] := {allowed};
  -- Schemas that are audited; NULL: every one.
  schemas CONSTANT text[] := {schemas};
  -- `forbid` and `ignore` of the manifest: a schema and a name, as regular expressions.
  forbidden CONSTANT text[] := {forbidden};
  ignored CONSTANT text[] := {ignored};
  -- Presets: tables of migration tools and the like, and roles of providers.
  presets CONSTANT text[] := {presets};
  preset_globs CONSTANT text[] := {preset_globs};
  provider_roles CONSTANT text[] := {provider_roles};
  -- Why this may be, all the same.
  reason CONSTANT text := nullif(btrim(current_setting('schemawarden.bypass', true)), '');
  told CONSTANT integer := 5;
  before jsonb;
  it record;
  key text;
  outside boolean;
  refused text[] := '{}';
  noted jsonb := '[]';
BEGIN
  BEGIN
    IF tg_event = 'sql_drop' THEN
      FOR it IN
        SELECT d.object_type, d.schema_name, d.object_name
        FROM pg_event_trigger_dropped_objects() d
        WHERE d.object_type IN ('table', 'foreign table') AND NOT d.is_temporary
          AND schemawarden.guard_key(d.object_type, d.schema_name, d.object_name) IN (SELECT unnest(required))
        ORDER BY d.schema_name, d.object_name
      LOOP
        refused := refused || format('%s %I.%I of manifest "%s" would be dropped', it.object_type, it.schema_name, it.object_name, manifest);
        noted := noted || jsonb_build_array(jsonb_build_array(it.object_type, it.schema_name, it.object_name));
      END LOOP;
    ELSE
      before := nullif(current_setting('schemawarden.before', true), '')::jsonb;
      IF before IS NOT NULL THEN
        PERFORM set_config('schemawarden.before', '', true);
      END IF;
      FOR it IN
        SELECT t.*, n.nspname, pg_get_userbyid(t.relowner) AS owner,
          CASE t.relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind
        FROM (
          SELECT r.oid, r.relnamespace, r.relname, r.relkind, r.relowner, r.relispartition, c.command_tag LIKE 'ALTER %' AS alters
          FROM pg_event_trigger_ddl_commands() c
          JOIN pg_class r ON r.oid = c.objid
          WHERE c.classid = 'pg_class'::regclass AND NOT c.in_extension
            AND r.relkind IN ('r', 'p', 'f') AND r.relpersistence <> 't'
          UNION ALL
          SELECT r.oid, r.relnamespace, r.relname, r.relkind, r.relowner, r.relispartition, true
          FROM pg_event_trigger_ddl_commands() c
          JOIN pg_class r ON r.relnamespace = c.objid
          WHERE tg_tag = 'ALTER SCHEMA' AND c.classid = 'pg_namespace'::regclass
            AND r.relkind IN ('r', 'p', 'f') AND r.relpersistence <> 't'
        ) t
        JOIN pg_namespace n ON n.oid = t.relnamespace
      LOOP
        -- A change that leaves the name as it was is none of ours, nor one of which that is not known.
        CONTINUE WHEN it.alters AND coalesce(
          before -> it.oid::text = jsonb_build_array(it.nspname, it.relname), true);
        key := schemawarden.guard_key(it.kind, it.nspname, it.relname);
        outside := CASE
          WHEN it.nspname = 'schemawarden' THEN it.relname NOT IN ('ledger', 'observer_state', 'guard')
          WHEN starts_with(it.nspname, 'schemawarden_quarantine_') THEN false
          WHEN schemas IS NOT NULL AND NOT EXISTS (SELECT FROM unnest(schemas) listed(s)
            WHERE starts_with(key, concat(it.kind, ' ', listed.s, '.'))) THEN false
          WHEN EXISTS (SELECT FROM generate_series(1, cardinality(forbidden), 2) g(i)
            WHERE it.nspname ~ forbidden[g.i] AND it.relname ~ forbidden[g.i + 1]) THEN true
          WHEN key = ANY (required) OR key = ANY (allowed) THEN false
          -- What it is a part of decides, and was there before.
          WHEN it.relispartition THEN false
          WHEN EXISTS (SELECT FROM generate_series(1, cardinality(ignored), 2) g(i)
            WHERE it.nspname ~ ignored[g.i] AND it.relname ~ ignored[g.i + 1]) THEN false
          WHEN key = ANY (presets) THEN false
          WHEN it.owner ~ ANY (provider_roles) THEN false
          WHEN EXISTS (SELECT FROM generate_series(1, cardinality(preset_globs), 2) g(i)
            WHERE it.nspname ~ preset_globs[g.i] AND it.relname ~ preset_globs[g.i + 1]) THEN false
          WHEN EXISTS (SELECT FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = it.oid AND d.deptype = 'e') THEN false
          ELSE true
        END;
        IF outside THEN
          refused := refused || format('%s %I.%I is not in manifest "%s"', it.kind, it.nspname, it.relname, manifest);
        ELSIF it.alters
          AND schemawarden.guard_key(it.kind, before -> it.oid::text ->> 0, before -> it.oid::text ->> 1) = ANY (required)
        THEN
          refused := refused || format('%s %I.%I of manifest "%s" would be called %I.%I',
            it.kind, before -> it.oid::text ->> 0, before -> it.oid::text ->> 1, manifest, it.nspname, it.relname);
        ELSE
          CONTINUE;
        END IF;
        noted := noted || jsonb_build_array(jsonb_build_array(it.kind, it.nspname, it.relname));
      END LOOP;
    END IF;
    IF reason IS NOT NULL AND cardinality(refused) > 0 THEN
      RAISE LOG 'schemawarden: % by "%" passes the guard (%): %', tg_tag, session_user, reason, array_to_string(refused[1:told], '; ');
      IF to_regclass('schemawarden.ledger') IS NOT NULL THEN
        INSERT INTO schemawarden.ledger (tag, object_type, schema_name, object_name, identity)
        SELECT concat(tg_tag, {past}, left(reason, 80)), o ->> 0, o ->> 1, o ->> 2, left(reason, 1000)
        FROM jsonb_array_elements(noted) WITH ORDINALITY AS listed(o, place) WHERE place <= 1000;
      END IF;
    END IF;
  EXCEPTION WHEN assert_failure OR OTHERS THEN
    RAISE LOG 'schemawarden: the guard failed, and a command (%) passes: %', tg_tag, sqlerrm;
    refused := '{}';
  END;
  IF cardinality(refused) > 0 AND reason IS NULL THEN
    RAISE EXCEPTION 'schemawarden: %', concat(array_to_string(refused[1:told], '; '),
        CASE WHEN cardinality(refused) > told THEN format('; and %s more', cardinality(refused) - told) END)
      USING ERRCODE = 'SWG01',
        DETAIL = format('This is database "%s", registered as "%s". Its guard refuses what its manifest does not allow; this command has changed nothing. A push that is meant for another database ends here.', current_database(), registered),
        HINT = format('If it is meant for this one: change manifest "%s", run what `schemawarden sql guard %s` prints, and try again. To do it all the same, once: SET LOCAL schemawarden.bypass = ''the reason''; in the same transaction.', manifest, registered);
  END IF;
END
$guard$;

-- Nobody but the owner may call or change them, whatever the default privileges of this database are.
REVOKE ALL ON SCHEMA schemawarden FROM PUBLIC;
REVOKE ALL ON FUNCTION schemawarden.guard(), schemawarden.guard_before(), schemawarden.guard_key(text, text, text) FROM PUBLIC;

-- What `sql guard --check` and every audit read: which rules these are, and whether the text is still theirs.
DO $comment$
BEGIN
  EXECUTE format('COMMENT ON FUNCTION schemawarden.guard() IS %L', concat({seal}, (
    SELECT md5(string_agg(p.prosrc, '' ORDER BY p.proname)) FROM pg_proc p
    WHERE p.pronamespace = 'schemawarden'::regnamespace AND p.proname IN ('guard', 'guard_before', 'guard_key'))));
END
$comment$;

CREATE EVENT TRIGGER schemawarden_guard_before ON ddl_command_end
  WHEN TAG IN ('ALTER TABLE', 'ALTER FOREIGN TABLE', 'ALTER INDEX', 'ALTER SCHEMA')
  EXECUTE FUNCTION schemawarden.guard_before();
CREATE EVENT TRIGGER schemawarden_guard_ddl_command_end ON ddl_command_end EXECUTE FUNCTION schemawarden.guard();
CREATE EVENT TRIGGER schemawarden_guard_sql_drop ON sql_drop EXECUTE FUNCTION schemawarden.guard();
-- `SET session_replication_role = replica` does not silence them.
ALTER EVENT TRIGGER schemawarden_guard_before ENABLE ALWAYS;
ALTER EVENT TRIGGER schemawarden_guard_ddl_command_end ENABLE ALWAYS;
ALTER EVENT TRIGGER schemawarden_guard_sql_drop ENABLE ALWAYS;
COMMIT;
