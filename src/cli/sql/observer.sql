BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = pg_catalog, pg_temp;

DO $check$
BEGIN
{check_database}  IF current_setting('server_version_num')::integer < 130000 THEN
    RAISE EXCEPTION 'the observer needs PostgreSQL 13 or later';
  END IF;
{check_owner}END
$check$;

-- Until they are made anew below, nothing is noted.
DROP EVENT TRIGGER IF EXISTS schemawarden_ddl_command_end;
DROP EVENT TRIGGER IF EXISTS schemawarden_sql_drop;

CREATE SCHEMA IF NOT EXISTS schemawarden;

CREATE TABLE IF NOT EXISTS schemawarden.ledger (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  -- Who: the role that logged in, what it called itself, where it came from (behind a pooler, the pooler).
  role name NOT NULL DEFAULT session_user,
  application text DEFAULT current_setting('application_name'),
  address inet DEFAULT inet_client_addr(),
  -- What: the command, and the object as far as it has a name.
  tag text NOT NULL,
  object_type text,
  schema_name text,
  object_name text,
  identity text,
  -- On the last row of a command: objects of it that have no row.
  more integer NOT NULL DEFAULT 0,
  query text
);

{mask}-- Notes what a command has made, changed or dropped. It has its owner's rights, so that whoever changes the
-- schema needs none on the ledger. What fails in here is caught, goes to the server's log, and fails nobody's
-- command; it waits for no lock. (A command that is cancelled is cancelled: that is not caught.)
CREATE OR REPLACE FUNCTION schemawarden.note() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
SET lock_timeout = '100ms'
AS $note$
DECLARE
  relations CONSTANT text[] := '{table,view,materialized view,foreign table}';
  rows_max CONSTANT integer := {rows_per_command};
  said text;
  noted bigint := 0;
  newest bigint;
BEGIN
  -- These change no schema, and some of them run every minute.
  IF tg_tag IN ('REFRESH MATERIALIZED VIEW', 'REINDEX', 'COMMENT', 'SECURITY LABEL') THEN
    RETURN;
  END IF;
  BEGIN
    LOCK TABLE schemawarden.ledger IN ROW EXCLUSIVE MODE NOWAIT;
    -- A trigger of somebody else's would run with the rights of this function.
    IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = 'schemawarden.ledger'::regclass AND NOT t.tgisinternal) THEN
      RAISE EXCEPTION 'the ledger has a trigger';
    END IF;
    {say}
    IF tg_event = 'sql_drop' THEN
      WITH told AS (
        SELECT d.object_type, d.schema_name, d.object_name, d.object_identity, count(*) OVER () AS total,
          row_number() OVER (ORDER BY d.object_type <> ALL (relations), d.schema_name, d.object_name) AS place
        FROM pg_event_trigger_dropped_objects() d
        WHERE NOT d.is_temporary
          AND coalesce(d.schema_name, d.object_identity) <> 'schemawarden'
          AND coalesce(d.schema_name, '') !~ '^pg_(temp|toast)'
          -- Every relation that is gone, and what the command named.
          AND (d.object_type = ANY (relations) OR d.original AND tg_tag ~ '^DROP ')
      ), added AS (
        INSERT INTO schemawarden.ledger (tag, object_type, schema_name, object_name, identity, more, query)
        SELECT tg_tag, object_type, schema_name, object_name, object_identity,
          CASE place WHEN rows_max THEN total - place ELSE 0 END, said
        FROM told WHERE place <= rows_max
        RETURNING id
      )
      SELECT count(*), max(id) FROM added INTO noted, newest;
    ELSE
      WITH told AS (
        SELECT c.command_tag, c.object_type, c.schema_name, r.relname, c.object_identity, count(*) OVER () AS total,
          row_number() OVER (ORDER BY c.object_type <> ALL (relations), c.schema_name, r.relname) AS place
        FROM pg_event_trigger_ddl_commands() c
        LEFT JOIN pg_class r ON c.classid = 'pg_class'::regclass AND r.oid = c.objid
        WHERE NOT c.in_extension
          AND coalesce(c.schema_name, c.object_identity, '') <> 'schemawarden'
          AND coalesce(c.schema_name, '') !~ '^pg_(temp|toast)'
          -- The sequence and the index that come with a table go without saying.
          AND (c.command_tag = tg_tag OR c.object_type = ANY (relations))
      ), added AS (
        INSERT INTO schemawarden.ledger (tag, object_type, schema_name, object_name, identity, more, query)
        SELECT command_tag, object_type, schema_name, relname, object_identity,
          CASE place WHEN rows_max THEN total - place ELSE 0 END, said
        FROM told WHERE place <= rows_max
        RETURNING id
      )
      SELECT count(*), max(id) FROM added INTO noted, newest;
    END IF;
    -- The ledger prunes itself, now and then. It leaves alone what another session prunes; and under stricter
    -- isolation it does not read, which could fail the command when it commits.
    IF noted > 0 AND newest / {prune_each} > (newest - noted) / {prune_each}
      AND current_setting('transaction_isolation') = 'read committed'
    THEN
      DELETE FROM schemawarden.ledger WHERE id IN (
        SELECT id FROM schemawarden.ledger
        WHERE id <= newest - {rows_kept} OR at < clock_timestamp() - interval '{days_kept} days'
        ORDER BY id LIMIT 2 * rows_max FOR UPDATE SKIP LOCKED);
    END IF;
  EXCEPTION WHEN assert_failure OR OTHERS THEN
    -- Something may have happened: whoever listens shall look.
    noted := 1;
    RAISE LOG 'schemawarden: a command (%) was not noted: %', tg_tag, sqlerrm;
  END;
  -- Whoever listens hears of it when the transaction commits. Not where the transaction could be prepared for
  -- two-phase commit, which a notification forbids, nor where the queue of notifications is filling up.
  IF noted > 0 AND current_setting('max_prepared_transactions') = '0' THEN
    BEGIN
      IF pg_notification_queue_usage() < 0.5 THEN
        PERFORM pg_notify('schemawarden', 'ddl');
      END IF;
    EXCEPTION WHEN assert_failure OR OTHERS THEN
      RAISE LOG 'schemawarden: nobody was notified: %', sqlerrm;
    END;
  END IF;
END
$note$;

-- Nobody but the owner may write, whatever the default privileges of this database are, and nobody but the
-- auditing role may read.
DO $grants$
DECLARE
  it record;
BEGIN
{revoke_create}  REVOKE ALL ON FUNCTION {functions} FROM PUBLIC;
  FOR it IN
    SELECT DISTINCT a.grantee FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.relnamespace = 'schemawarden'::regnamespace AND c.relname = 'ledger' AND a.grantee <> c.relowner
  LOOP
    EXECUTE format('REVOKE ALL ON TABLE schemawarden.ledger FROM %s CASCADE',
      CASE it.grantee WHEN 0 THEN 'PUBLIC' ELSE it.grantee::regrole::text END);
  END LOOP;
END
$grants$;
GRANT USAGE ON SCHEMA schemawarden TO {role};
GRANT SELECT ON TABLE schemawarden.ledger TO {role};

CREATE EVENT TRIGGER schemawarden_ddl_command_end ON ddl_command_end EXECUTE FUNCTION schemawarden.note();
CREATE EVENT TRIGGER schemawarden_sql_drop ON sql_drop EXECUTE FUNCTION schemawarden.note();
-- `SET session_replication_role = replica` does not silence them.
ALTER EVENT TRIGGER schemawarden_ddl_command_end ENABLE ALWAYS;
ALTER EVENT TRIGGER schemawarden_sql_drop ENABLE ALWAYS;
-- Again, now that nobody else can change it: somebody may have made the schema meanwhile.
DO $check$
BEGIN
{check_owner}END
$check$;
COMMIT;

-- To remove the observer, and all that it has noted:
--   BEGIN;
--   DROP EVENT TRIGGER schemawarden_ddl_command_end;
--   DROP EVENT TRIGGER schemawarden_sql_drop;
--   DROP FUNCTION {functions};
--   DROP TABLE schemawarden.ledger;
--   COMMIT;
--   DROP SCHEMA schemawarden;  -- refuses while something else is in it: the guard, for one
