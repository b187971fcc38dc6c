//! What a manifest may say of one relation beyond its name. What is declared is compared, what is not
//! declared is not.

use schemars::JsonSchema;
use serde::Deserialize;

use super::either::NamesOr;
use super::either::TextOr;
use crate::yaml::At;
use crate::yaml::Entries;

/// What a map says of one relation.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Relation")]
pub(in crate::manifest) struct About {
    /// It may be absent.
    pub(in crate::manifest) optional: Option<bool>,
    /// Its columns: `email: text not null default 'x'` as in SQL, where what is left out must not be
    /// there; or a map, where what is left out is not compared.
    pub(in crate::manifest) columns: Option<At<Entries<TextOr<ColumnShape>>>>,
    /// Whether `columns` are all that there may be (`exact`, the default) or others may be there
    /// (`at_least`).
    #[schemars(schema_with = "match_words")]
    pub(in crate::manifest) r#match: Option<At<String>>,
    /// The columns of the primary key, or a map with its name. `[]`: it must have none.
    pub(in crate::manifest) primary_key: Option<At<NamesOr<KeyShape>>>,
    /// What is unique: constraints, and unique indexes over plain columns.
    pub(in crate::manifest) unique: Option<Vec<At<NamesOr<KeyShape>>>>,
    /// Columns that must be unique, by whichever of a primary key, a constraint or an index.
    pub(in crate::manifest) key: Option<Vec<At<String>>>,
    /// What points at other tables.
    pub(in crate::manifest) foreign_keys: Option<Vec<At<ForeignKeyShape>>>,
    /// Check constraints: the condition, or a map with the name.
    pub(in crate::manifest) checks: Option<Vec<At<TextOr<CheckShape>>>>,
    /// Exclusion constraints, as `pg_get_constraintdef` writes them.
    pub(in crate::manifest) exclusions: Option<Vec<At<TextOr<ExclusionShape>>>>,
    /// Indexes beside those of constraints: a list of columns, or a map.
    pub(in crate::manifest) indexes: Option<Vec<At<NamesOr<IndexShape>>>>,
    /// Triggers by name: the definition as `pg_get_triggerdef` writes it, or a map.
    pub(in crate::manifest) triggers: Option<Entries<TextOr<TriggerShape>>>,
    /// Row-level security: `disabled`, `enabled`, or `forced` (for the owner too).
    #[schemars(schema_with = "rls_words")]
    pub(in crate::manifest) rls: Option<At<String>>,
    /// The policies of row-level security, by name.
    pub(in crate::manifest) policies: Option<Entries<PolicyShape>>,
    /// The role that owns it.
    pub(in crate::manifest) owner: Option<At<String>>,
    /// What each role may do with it; `public` is everybody. The owner's own rights are not listed.
    pub(in crate::manifest) grants: Option<Entries<Vec<At<String>>>>,
    /// As `pg_get_partkeydef` writes it: `RANGE (created_at)`. `none`: it must not be partitioned.
    pub(in crate::manifest) partition_key: Option<At<String>>,
    /// Whether its rows do not survive a crash.
    pub(in crate::manifest) unlogged: Option<bool>,
    /// Of a view or materialized view: its query, as `pg_get_viewdef` writes it.
    pub(in crate::manifest) definition: Option<At<String>>,
    /// How many rows it must have at least.
    pub(in crate::manifest) rows: Option<At<RowsShape>>,
}

/// A floor of rows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rows")]
pub(in crate::manifest) struct RowsShape {
    /// The least number of rows that it must have. Counting reads no more than these, and needs SELECT on
    /// the table.
    pub(in crate::manifest) min: At<u64>,
    /// Whether the estimate of the statistics is enough, which needs no privilege. Default: false.
    pub(in crate::manifest) estimate: Option<bool>,
}

/// One column, in part.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Column")]
pub(in crate::manifest) struct ColumnShape {
    /// As SQL spells it: `varchar(200)`, `timestamptz`, `text[]`.
    pub(in crate::manifest) r#type: Option<At<String>>,
    /// Whether it may be null.
    pub(in crate::manifest) nullable: Option<bool>,
    /// As SQL; `none`: it must have none.
    pub(in crate::manifest) default: Option<At<String>>,
    /// `always`, `by_default`, or `none`.
    #[schemars(schema_with = "identity_words")]
    pub(in crate::manifest) identity: Option<At<String>>,
    /// The expression of a generated column, as SQL; `none`: it must not be generated.
    pub(in crate::manifest) generated: Option<At<String>>,
    /// Whether a generated column is computed when it is read (PostgreSQL 18). Default: false.
    #[serde(rename = "virtual")]
    pub(in crate::manifest) is_virtual: Option<bool>,
    /// `none`: that of its type.
    pub(in crate::manifest) collation: Option<At<String>>,
}

/// A key with its name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Key")]
pub(in crate::manifest) struct KeyShape {
    /// The constraint's or index's name. Default: any.
    pub(in crate::manifest) name: Option<At<String>>,
    /// In their order.
    pub(in crate::manifest) columns: Vec<At<String>>,
    /// Columns that it carries without being unique over them.
    pub(in crate::manifest) include: Option<Vec<At<String>>>,
    /// Whether two nulls are the same value (PostgreSQL 15). Default: false.
    pub(in crate::manifest) nulls_not_distinct: Option<bool>,
}

/// A foreign key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ForeignKey")]
pub(in crate::manifest) struct ForeignKeyShape {
    /// The constraint's name. Default: any.
    pub(in crate::manifest) name: Option<At<String>>,
    /// The columns that point, in their order.
    pub(in crate::manifest) columns: Vec<At<String>>,
    /// The table that it points at.
    pub(in crate::manifest) references: At<String>,
    /// The columns that it points at. Default: the primary key of that table.
    pub(in crate::manifest) to: Option<Vec<At<String>>>,
    /// Default: `no_action`.
    #[schemars(schema_with = "action_words")]
    pub(in crate::manifest) on_update: Option<At<String>>,
    /// Default: `no_action`.
    #[schemars(schema_with = "action_words")]
    pub(in crate::manifest) on_delete: Option<At<String>>,
    /// `match full`. Default: false.
    pub(in crate::manifest) match_full: Option<bool>,
    /// Whether it can be checked at the end of a transaction. Default: false.
    pub(in crate::manifest) deferrable: Option<bool>,
    /// Whether it is, unless a transaction says otherwise. Default: false.
    pub(in crate::manifest) initially_deferred: Option<bool>,
}

/// A check constraint with its name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Check")]
pub(in crate::manifest) struct CheckShape {
    /// The constraint's name.
    pub(in crate::manifest) name: At<String>,
    /// The condition, as SQL.
    pub(in crate::manifest) expression: At<String>,
}

/// An exclusion constraint with its name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Exclusion")]
pub(in crate::manifest) struct ExclusionShape {
    /// The constraint's name.
    pub(in crate::manifest) name: At<String>,
    /// As `pg_get_constraintdef` writes it: `EXCLUDE USING gist (room WITH =)`.
    pub(in crate::manifest) definition: At<String>,
}

/// An index.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Index")]
pub(in crate::manifest) struct IndexShape {
    /// The index's name. Default: any.
    pub(in crate::manifest) name: Option<At<String>>,
    /// Columns, and expressions as maps.
    pub(in crate::manifest) keys: Vec<At<TextOr<IndexKeyShape>>>,
    /// Default: false.
    pub(in crate::manifest) unique: Option<bool>,
    /// The access method. Default: `btree`.
    pub(in crate::manifest) method: Option<At<String>>,
    /// Columns that it carries without being ordered by them.
    pub(in crate::manifest) include: Option<Vec<At<String>>>,
    /// The condition of a partial index, as SQL.
    pub(in crate::manifest) r#where: Option<At<String>>,
    /// Whether two nulls are the same value (PostgreSQL 15). Default: false.
    pub(in crate::manifest) nulls_not_distinct: Option<bool>,
}

/// One key of an index: a column or an expression.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "IndexKey")]
pub(in crate::manifest) struct IndexKeyShape {
    /// A column; or `expression`.
    pub(in crate::manifest) column: Option<At<String>>,
    /// As SQL.
    pub(in crate::manifest) expression: Option<At<String>>,
    /// `asc` (the default) or `desc`.
    #[schemars(schema_with = "order_words")]
    pub(in crate::manifest) order: Option<At<String>>,
    /// `first` or `last`. Default: last where ascending, first where descending.
    #[schemars(schema_with = "nulls_words")]
    pub(in crate::manifest) nulls: Option<At<String>>,
    /// Where it is not that of the column.
    pub(in crate::manifest) collation: Option<At<String>>,
    /// Where it is not the type's own: `gin_trgm_ops`.
    pub(in crate::manifest) operator_class: Option<At<String>>,
}

/// A trigger that is not simply on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Trigger")]
pub(in crate::manifest) struct TriggerShape {
    /// As `pg_get_triggerdef` writes it.
    pub(in crate::manifest) definition: At<String>,
    /// `origin` (as usual, the default), `disabled`, `replica` or `always`.
    #[schemars(schema_with = "enabled_words")]
    pub(in crate::manifest) enabled: Option<At<String>>,
}

/// A policy of row-level security.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Policy")]
pub(in crate::manifest) struct PolicyShape {
    /// `all` (the default), `select`, `insert`, `update` or `delete`.
    #[schemars(schema_with = "command_words")]
    pub(in crate::manifest) command: Option<At<String>>,
    /// Default: true.
    pub(in crate::manifest) permissive: Option<bool>,
    /// Default: `[public]`.
    pub(in crate::manifest) roles: Option<Vec<At<String>>>,
    /// Which rows are seen, as SQL.
    pub(in crate::manifest) using: Option<At<String>>,
    /// Which rows may be written, as SQL.
    pub(in crate::manifest) check: Option<At<String>>,
}

/// The words that each closed key takes.
pub(in crate::manifest) mod words {
    pub(in crate::manifest) const MATCH: [&str; 2] = ["exact", "at_least"];
    pub(in crate::manifest) const RLS: [&str; 3] = crate::schema::RowSecurity::WORDS;
    pub(in crate::manifest) const IDENTITY: [&str; 3] = ["always", "by_default", NONE];
    pub(in crate::manifest) const ORDER: [&str; 2] = ["asc", "desc"];
    pub(in crate::manifest) const NULLS: [&str; 2] = ["first", "last"];
    pub(in crate::manifest) const ENABLED: [&str; 4] = {
        let [o, d, r, a] = crate::schema::ENABLED;
        [o.1, d.1, r.1, a.1]
    };
    pub(in crate::manifest) const COMMAND: [&str; 5] =
        ["all", "select", "insert", "update", "delete"];
    /// What may be granted on a table (documentation, "Privileges"; `maintain` came with 17).
    pub(in crate::manifest) const PRIVILEGES: [&str; 8] =
        ["select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain"];
    /// Says that something must not be there.
    pub(in crate::manifest) const NONE: &str = "none";
}

macro_rules! closed {
    ($($name:ident $words:expr;)*) => {
        $(pub(super) fn $name(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
            schemars::json_schema!({ "type": "string", "enum": $words })
        })*
    };
}

closed! {
    match_words words::MATCH;
    rls_words words::RLS;
    identity_words words::IDENTITY;
    action_words crate::schema::Action::ALL.map(crate::schema::Action::word);
    order_words words::ORDER;
    nulls_words words::NULLS;
    enabled_words words::ENABLED;
    command_words words::COMMAND;
}
