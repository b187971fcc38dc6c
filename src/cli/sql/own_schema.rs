//! What the observer and the guard share: the schema that is ours in an audited database, and who owns what in it.
//!
//! Both run with the rights of who installed them. Whoever may put something into that schema, or a trigger on the
//! ledger, would get those rights; so installing looks first, takes rights back, and looks again.

/// The lines of a block that stop where something in the schema is not ours.
pub(super) const CHECK_OWNER: &str = r#"  -- What is in the schema must be ours, all of it: what is installed here runs with the rights of who owns it.
  IF EXISTS (
    SELECT FROM pg_namespace n
    LEFT JOIN pg_class c ON c.relnamespace = n.oid
    LEFT JOIN pg_proc p ON p.pronamespace = n.oid
    LEFT JOIN pg_type t ON t.typnamespace = n.oid
    WHERE n.nspname = 'schemawarden'
      AND (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user)
        <> ANY (ARRAY[n.nspowner, coalesce(c.relowner, n.nspowner), coalesce(p.proowner, n.nspowner), coalesce(t.typowner, n.nspowner)])
  ) THEN
    RAISE EXCEPTION 'schema "schemawarden", or what is in it, is not owned by "%"', current_user
      USING HINT = 'Install as its owner; or find out whose it is, and drop it.';
  END IF;
  IF EXISTS (SELECT FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'schemawarden' AND NOT t.tgisinternal)
  THEN
    RAISE EXCEPTION 'a table in schema "schemawarden" has a trigger that is not ours'
      USING HINT = 'Find out whose it is, and drop it.';
  END IF;
  IF EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'schemawarden' AND p.proname IN ('guard', 'guard_before', 'guard_key', 'note', 'mask')
      AND concat(p.proname, '(', p.proargtypes, ')') NOT IN ('guard()', 'guard_before()', 'guard_key(25 25 25)', 'note()', 'mask(25)'))
  THEN
    RAISE EXCEPTION 'schema "schemawarden" has a function of one of our names with other arguments'
      USING HINT = 'Drop it.';
  END IF;
"#;

/// The lines of a block that take the right to put something into the schema back from everybody but its owner,
/// whatever the default privileges of the database are. `it` is a record.
pub(super) const REVOKE_CREATE: &str = r"  FOR it IN
    SELECT DISTINCT a.grantee FROM pg_namespace n, aclexplode(n.nspacl) a
    WHERE n.nspname = 'schemawarden' AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner
  LOOP
    EXECUTE format('REVOKE CREATE ON SCHEMA schemawarden FROM %s CASCADE', CASE it.grantee WHEN 0 THEN 'PUBLIC' ELSE it.grantee::regrole::text END);
  END LOOP;
  REVOKE ALL ON SCHEMA schemawarden FROM PUBLIC;
";
