//! `schemawarden json-schema`: lets editors complete and check the YAML.

use super::Status;
use super::output;
use crate::config;
use crate::manifest;

#[derive(Debug, clap::Args)]
pub(super) struct JsonSchemaArgs {
    /// Which file's schema.
    #[arg(value_enum)]
    of: Of,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Of {
    Config,
    Manifest,
    /// A file that `known_file` of the config names.
    Known,
}

pub(super) fn run(args: &JsonSchemaArgs) -> anyhow::Result<Status> {
    let schema = match args.of {
        Of::Config => config::shape_schema(),
        Of::Manifest => manifest::schema(),
        Of::Known => config::known_schema(),
    };
    output::emit(&format!("{}\n", serde_json::to_string_pretty(&schema)?))?;
    Ok(Status::Clean)
}
