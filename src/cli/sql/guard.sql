BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = pg_catalog, pg_temp;

DO $check$
BEGIN
{check_database}  IF current_setting('server_version_num')::integer < 130000 THEN
    RAISE EXCEPTION 'the guard needs PostgreSQL 13 or later';
  END IF;
{check_encoding}{check_owner}END
$check$;

-- Until they are made anew below, nothing is refused; nobody sees that, since this is one transaction.
DROP EVENT TRIGGER IF EXISTS schemawarden_guard_before;
DROP EVENT TRIGGER IF EXISTS schemawarden_guard_ddl_command_end;
DROP EVENT TRIGGER IF EXISTS schemawarden_guard_sql_drop;

CREATE SCHEMA IF NOT EXISTS schemawarden;

-- How a table is spelt below: its kind, schema and name; a name that is not plain ASCII in the hex of its bytes.
CREATE OR REPLACE FUNCTION schemawarden.guard_key(kind text, schema text, relation text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $guard_key$
DECLARE
  part text;
  spelt text[] := '{}';
BEGIN
  FOREACH part IN ARRAY ARRAY[schema, relation] LOOP
    spelt := spelt || CASE WHEN part ~ '^[ -~]*$' THEN concat('"', replace(part, '"', '""'), '"')
      WHEN current_setting('server_encoding') IN ('UTF8', 'SQL_ASCII') THEN encode(textsend(part), 'hex')
      ELSE encode(convert_to(part, 'UTF8'), 'hex') END;
  END LOOP;
  RETURN concat(kind, ' ', array_to_string(spelt, '.'));
END
$guard_key$;

-- Remembers, for the guard below, what the tables that a command changes were called before: being STABLE, it
-- reads the catalog as the command found it. Where it cannot, the change passes.
CREATE OR REPLACE FUNCTION schemawarden.guard_before() RETURNS event_trigger
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $guard_before$
BEGIN
  PERFORM set_config('schemawarden.before', coalesce((
    SELECT jsonb_object_agg(r.oid, jsonb_build_array(n.nspname, r.relname))
    FROM pg_event_trigger_ddl_commands() c
    -- By its OID, whatever the planner thinks of how many there are.
    CROSS JOIN LATERAL (SELECT * FROM pg_class k WHERE k.oid = c.objid OFFSET 0) r
    JOIN pg_namespace n ON n.oid = r.relnamespace
    WHERE c.classid = 'pg_class'::regclass AND r.relkind IN ('r', 'p', 'f'))::text, ''), true);
  IF tg_tag = 'ALTER SCHEMA' THEN
    PERFORM set_config('schemawarden.before', coalesce((
      SELECT jsonb_object_agg(r.oid, jsonb_build_array(n.nspname, r.relname))
      FROM pg_event_trigger_ddl_commands() c
      JOIN pg_namespace n ON n.oid = c.objid
      JOIN pg_class r ON r.relnamespace = n.oid
      WHERE c.classid = 'pg_namespace'::regclass AND r.relkind IN ('r', 'p', 'f'))::text, ''), true);
  END IF;
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
SET plan_cache_mode = force_generic_plan
SET lock_timeout = '100ms'
AS $guard$
DECLARE
  manifest CONSTANT text := {manifest};
  -- The registered name of this database.
  registered CONSTANT text := {database};
  -- The tables that have to be here, and those that may. (A name that is not plain ASCII is spelt in hex.) They are
  -- sorted as bytes: `width_bucket` finds the place of one among ten thousand without looking at each.
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
  -- The reason that is given for a bypass.
  reason CONSTANT text := nullif(btrim(current_setting('schemawarden.bypass', true)), '');
  told CONSTANT integer := 5;
  noted_max CONSTANT integer := 1000;
  before jsonb;
  it record;
  key text;
  outside boolean;
  refused text[] := '{}';
  noted jsonb := '[]';
  many integer := 0;
BEGIN
  BEGIN
    IF tg_event = 'sql_drop' THEN
      FOR it IN
        SELECT d.object_type, d.schema_name, d.object_name
        FROM pg_event_trigger_dropped_objects() d
        CROSS JOIN LATERAL (SELECT schemawarden.guard_key(d.object_type, d.schema_name, d.object_name) OFFSET 0) spelt(key)
        WHERE d.object_type IN ('table', 'foreign table') AND NOT d.is_temporary
          AND required[width_bucket(spelt.key COLLATE "C", required)] = spelt.key
        ORDER BY d.schema_name, d.object_name
      LOOP
        many := many + 1;
        IF many <= told THEN
          refused := refused || format('%s %I.%I of manifest "%s" would be dropped', it.object_type, it.schema_name, it.object_name, manifest);
        END IF;
        IF reason IS NOT NULL AND many <= noted_max THEN
          noted := noted || jsonb_build_array(jsonb_build_array(it.object_type, it.schema_name, it.object_name));
        END IF;
      END LOOP;
    ELSE
      IF tg_tag IN ('ALTER TABLE', 'ALTER FOREIGN TABLE', 'ALTER INDEX', 'ALTER SCHEMA') THEN
        before := nullif(current_setting('schemawarden.before', true), '')::jsonb;
        PERFORM set_config('schemawarden.before', '', true);
      END IF;
      FOR it IN
        SELECT t.*, n.nspname, pg_get_userbyid(t.relowner) AS owner,
          CASE t.relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind, NULL::text AS said
        FROM (
          SELECT r.oid, r.relnamespace, r.relname, r.relkind, r.relowner, r.relispartition, c.command_tag LIKE 'ALTER %' AS alters
          FROM pg_event_trigger_ddl_commands() c
          CROSS JOIN LATERAL (SELECT * FROM pg_class k WHERE k.oid = c.objid OFFSET 0) r
          WHERE c.classid = 'pg_class'::regclass AND NOT c.in_extension
            AND (c.command_tag IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE FOREIGN TABLE')
              OR c.command_tag LIKE 'ALTER %')
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
        key := schemawarden.guard_key(it.kind, it.nspname::text, it.relname::text);
        outside := CASE
          WHEN it.nspname IN ('pg_catalog', 'information_schema') THEN false
          WHEN it.nspname = 'schemawarden' THEN it.relname <> 'ledger'
          WHEN starts_with(it.nspname, 'schemawarden_quarantine_') THEN false
          WHEN schemas IS NOT NULL AND NOT EXISTS (SELECT FROM unnest(schemas) listed(s)
            WHERE starts_with(key, concat(it.kind, ' ', listed.s, '.'))) THEN false
          WHEN EXISTS (SELECT FROM generate_series(1, cardinality(forbidden), 2) g(i)
            WHERE it.nspname ~ forbidden[g.i] AND it.relname ~ forbidden[g.i + 1]) THEN true
          WHEN required[width_bucket(key COLLATE "C", required)] = key THEN false
          WHEN allowed[width_bucket(key COLLATE "C", allowed)] = key THEN false
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
          -- What is to become a partition: made by itself, with the columns of its parent, and attached later.
          WHEN it.kind = 'table' AND EXISTS (SELECT FROM pg_class p
            WHERE p.relkind = 'p' AND p.relnamespace = it.relnamespace AND starts_with(it.relname, concat(p.relname, '_'))
              AND (SELECT array_agg(concat(a.attname, ' ', a.atttypid) ORDER BY a.attname) FROM pg_attribute a
                  WHERE a.attrelid = p.oid AND a.attnum > 0 AND NOT a.attisdropped)
                = (SELECT array_agg(concat(a.attname, ' ', a.atttypid) ORDER BY a.attname) FROM pg_attribute a
                  WHERE a.attrelid = it.oid AND a.attnum > 0 AND NOT a.attisdropped)
              AND schemawarden.guard_key('table', it.nspname::text, p.relname::text) = ANY (required || allowed)) THEN false
          -- What an extension makes at run time in a schema of its own, in which the manifest has nothing.
          WHEN schemas IS NULL AND it.nspname <> 'public'
            AND (EXISTS (SELECT FROM pg_extension e WHERE e.extnamespace = it.relnamespace)
              OR EXISTS (SELECT FROM pg_depend d
                WHERE d.classid = 'pg_namespace'::regclass AND d.objid = it.relnamespace AND d.deptype = 'e'))
            AND NOT EXISTS (SELECT FROM unnest(required || allowed) listed(k), unnest('{table,foreign table}'::text[]) kinds(word)
              -- Without the two quotes of the empty name.
              WHERE starts_with(listed.k, left(schemawarden.guard_key(kinds.word, it.nspname::text, ''), -2))) THEN false
          ELSE true
        END;
        IF outside THEN
          it.said := format('%s %I.%I is not in manifest "%s"', it.kind, it.nspname, it.relname, manifest);
        ELSIF it.alters
          AND schemawarden.guard_key(it.kind, before -> it.oid::text ->> 0, before -> it.oid::text ->> 1) = ANY (required)
        THEN
          it.said := format('%s %I.%I of manifest "%s" would be called %I.%I',
            it.kind, before -> it.oid::text ->> 0, before -> it.oid::text ->> 1, manifest, it.nspname, it.relname);
        ELSE
          CONTINUE;
        END IF;
        many := many + 1;
        IF many <= told THEN
          refused := refused || it.said;
        END IF;
        IF reason IS NOT NULL AND many <= noted_max THEN
          noted := noted || jsonb_build_array(jsonb_build_array(it.kind, it.nspname, it.relname));
        END IF;
      END LOOP;
    END IF;
    IF reason IS NOT NULL AND many > 0 THEN
      RAISE LOG 'schemawarden: % by "%" passes the guard (%): %', tg_tag, session_user, reason, array_to_string(refused, '; ');
      -- A trigger of somebody else's would run with the rights of this function.
      IF EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
        WHERE n.nspname = 'schemawarden' AND c.relname = 'ledger' AND c.relkind = 'r' AND r.rolname = current_user
          AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal))
      THEN
        INSERT INTO schemawarden.ledger (tag, object_type, schema_name, object_name, identity)
        SELECT concat(tg_tag, {past}, left(reason, 80)), o ->> 0, o ->> 1, o ->> 2, left(reason, 1000)
        FROM jsonb_array_elements(noted) AS listed(o);
      END IF;
    END IF;
  EXCEPTION WHEN assert_failure OR OTHERS THEN
    RAISE LOG 'schemawarden: the guard failed, and a command (%) passes: %', tg_tag, sqlerrm;
    many := 0;
  END;
  IF many > 0 AND reason IS NULL THEN
    RAISE EXCEPTION 'schemawarden: %', concat(array_to_string(refused, '; '), CASE WHEN many > told THEN format('; and %s more', many - told) END)
      USING ERRCODE = 'SWG01',
        DETAIL = format('You are connected to database "%s", registered as "%s", which holds what manifest "%s" lists. Is it the one that you meant? This command has changed nothing.', current_database(), registered, manifest),
        HINT = format('If it is: change manifest "%s", run what `schemawarden sql guard %s` prints, and try again. To do it all the same, once: SET LOCAL schemawarden.bypass = ''the reason''; in the same transaction (docs/guard.md says how a tool does that).', manifest, registered);
  END IF;
END
$guard$;

-- Nobody but the owner may call them, or put something beside them, whatever the default privileges of this
-- database are. (Who may use the schema, to read the ledger, still may.)
DO $grants$
DECLARE
  it record;
BEGIN
{revoke_create}  REVOKE ALL ON FUNCTION schemawarden.guard(), schemawarden.guard_before(), schemawarden.guard_key(text, text, text) FROM PUBLIC;
  FOR it IN
    SELECT p.oid::regprocedure AS function, a.grantee FROM pg_proc p, aclexplode(p.proacl) a
    WHERE p.pronamespace = 'schemawarden'::regnamespace AND p.proname IN ('guard', 'guard_before', 'guard_key')
      AND a.grantee NOT IN (0, p.proowner)
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %s CASCADE', it.function, it.grantee::regrole);
  END LOOP;
  -- What writes to the observer's ledger runs its triggers, with the rights of its owner.
  FOR it IN
    SELECT a.grantee, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.relnamespace = 'schemawarden'::regnamespace AND c.relname = 'ledger' AND a.privilege_type <> 'SELECT' AND a.grantee <> c.relowner
  LOOP
    EXECUTE format('REVOKE %s ON TABLE schemawarden.ledger FROM %s CASCADE', it.privilege_type,
      CASE it.grantee WHEN 0 THEN 'PUBLIC' ELSE it.grantee::regrole::text END);
  END LOOP;
END
$grants$;

CREATE EVENT TRIGGER schemawarden_guard_before ON ddl_command_end
  WHEN TAG IN ('ALTER TABLE', 'ALTER FOREIGN TABLE', 'ALTER INDEX', 'ALTER SCHEMA')
  EXECUTE FUNCTION schemawarden.guard_before();
CREATE EVENT TRIGGER schemawarden_guard_ddl_command_end ON ddl_command_end EXECUTE FUNCTION schemawarden.guard();
CREATE EVENT TRIGGER schemawarden_guard_sql_drop ON sql_drop EXECUTE FUNCTION schemawarden.guard();
-- `SET session_replication_role = replica` does not silence them.
ALTER EVENT TRIGGER schemawarden_guard_before ENABLE ALWAYS;
ALTER EVENT TRIGGER schemawarden_guard_ddl_command_end ENABLE ALWAYS;
ALTER EVENT TRIGGER schemawarden_guard_sql_drop ENABLE ALWAYS;

-- Again, now that nobody else can change it: somebody may have made the schema meanwhile.
DO $check$
BEGIN
{check_owner}END
$check$;

-- What `sql guard --check` and every audit read: which rules these are, and whether all of it is as it was made.
DO $comment$
BEGIN
  EXECUTE format('COMMENT ON FUNCTION schemawarden.guard() IS %L', concat({seal}, (
    SELECT encode(sha256(textsend(concat(
        string_agg(concat(p.proname, p.prosrc, p.prosecdef, p.provolatile, p.proconfig), '' ORDER BY p.proname),
        (SELECT string_agg(concat(t.evtname, t.evtevent, t.evttags, t.evtfoid = 'schemawarden.guard()'::regprocedure), '' ORDER BY t.evtname)
          FROM pg_event_trigger t WHERE starts_with(t.evtname, 'schemawarden_guard_'))))), 'hex')
    FROM pg_proc p
    WHERE p.pronamespace = 'schemawarden'::regnamespace AND p.proname IN ('guard', 'guard_before', 'guard_key'))));
END
$comment$;
COMMIT;
