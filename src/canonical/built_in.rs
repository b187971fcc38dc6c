//! What PostgreSQL knows by itself: the names of its types, and the words that a name cannot be
//! without quotes.
//!
//! Read from PostgreSQL 15: `pg_type` and `pg_get_keywords()`. A type that a later version brings is
//! taken for a user's; then both sides of a comparison spell it `public.`, so nothing is lost.

/// Types of `pg_catalog`, as `pg_type.typname` has them.
const TYPES: &str = "\
    aclitem any anyarray anycompatible anycompatiblearray anycompatiblemultirange \
    anycompatiblenonarray anycompatiblerange anyelement anyenum anymultirange anynonarray \
    anyrange bit bool box bpchar bytea char cid cidr circle cstring date datemultirange \
    daterange event_trigger fdw_handler float4 float8 gtsvector index_am_handler inet int2 \
    int2vector int4 int4multirange int4range int8 int8multirange int8range internal interval \
    json jsonb jsonpath language_handler line lseg macaddr macaddr8 money name numeric \
    nummultirange numrange oid oidvector path pg_brin_bloom_summary \
    pg_brin_minmax_multi_summary pg_ddl_command pg_dependencies pg_lsn pg_mcv_list \
    pg_ndistinct pg_node_tree pg_snapshot point polygon record refcursor regclass \
    regcollation regconfig regdictionary regnamespace regoper regoperator regproc \
    regprocedure regrole regtype table_am_handler text tid time timestamp timestamptz timetz \
    trigger tsm_handler tsmultirange tsquery tsrange tstzmultirange tstzrange tsvector \
    txid_snapshot unknown uuid varbit varchar void xid xid8 xml \
";

/// Keywords that are not "unreserved": `quote_ident` quotes them
/// (`src/backend/utils/adt/ruleutils.c`, `quote_identifier`).
const KEYWORDS: &str = "\
    all analyse analyze and any array as asc asymmetric authorization between bigint binary \
    bit boolean both case cast char character check coalesce collate collation column \
    concurrently constraint create cross current_catalog current_date current_role \
    current_schema current_time current_timestamp current_user dec decimal default deferrable \
    desc distinct do else end except exists extract false fetch float for foreign freeze from \
    full grant greatest group grouping having ilike in initially inner inout int integer \
    intersect interval into is isnull join lateral leading least left like limit localtime \
    localtimestamp national natural nchar none normalize not notnull null nullif numeric \
    offset on only or order out outer overlaps overlay placing position precision primary \
    real references returning right row select session_user setof similar smallint some \
    substring symmetric table tablesample then time timestamp to trailing treat trim true \
    union unique user using values varchar variadic verbose when where window with \
    xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi \
    xmlroot xmlserialize xmltable \
";

/// Whether `name` is a type of `pg_catalog`.
pub(super) fn is_type(name: &str) -> bool {
    TYPES.split(' ').any(|it| it == name)
}

/// A name as `quote_ident` spells it: in quotes where it would not be read back without them.
#[must_use]
pub fn quoted(name: &str) -> String {
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|it| it.is_ascii_lowercase() || it == '_')
        && chars.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_')
        && !KEYWORDS.split(' ').any(|it| it == name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
