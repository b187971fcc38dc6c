-- A query without what may be a secret, which ends it: nothing behind it is kept, so nothing in there can be
-- taken for something else.
CREATE OR REPLACE FUNCTION schemawarden.mask(query text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
-- Without it the session could make the backslashes below mean something else.
SET standard_conforming_strings = on
AS $mask$
  SELECT left(
    regexp_replace(regexp_replace(regexp_replace(left(query, {query_read}),
      '://.*$', '://[masked]'),
      '(pass(?:word|wd|phrase)?|pwd|secret|token|credential|(?:api|access|private|auth)[_-]?key)'
        '(?:[^''$]*[''$]|\w*\s+"|\w*"?\s*[=:]).*$', '\1 [masked]', 'i'),
      '(user\s+mapping|\mserver\M|subscription|dblink|connection|conninfo|data\s+wrapper)([^''$]*)[''$].*$',
      '\1\2[masked]', 'i'),
    {query_kept})
$mask$;

