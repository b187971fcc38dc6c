BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = pg_catalog, pg_temp;
{check}
DROP EVENT TRIGGER IF EXISTS schemawarden_guard_before;
DROP EVENT TRIGGER IF EXISTS schemawarden_guard_ddl_command_end;
DROP EVENT TRIGGER IF EXISTS schemawarden_guard_sql_drop;
DO $functions$
BEGIN
  IF to_regnamespace('schemawarden') IS NOT NULL THEN
    DROP FUNCTION IF EXISTS schemawarden.guard();
    DROP FUNCTION IF EXISTS schemawarden.guard_before();
    DROP FUNCTION IF EXISTS schemawarden.guard_key(text, text, text);
    -- The observer, if it is there, stays.
    IF NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = to_regnamespace('schemawarden'))
    THEN
      DROP SCHEMA schemawarden;
    END IF;
  END IF;
END
$functions$;
COMMIT;
