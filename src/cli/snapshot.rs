//! `schemawarden snapshot`: a manifest made from a live database, so that nobody has to type one.

use anyhow::bail;

use super::Global;
use super::Status;
use super::depth;
use super::depth::DepthArg;
use super::environment;
use super::output;
use super::registries;
use super::selection;
use super::selection::Selection;
use crate::config::ConnectionSource;
use crate::config::Limits;
use crate::introspect;
use crate::manifest;
use crate::manifest::Presets;
use crate::schema::Wanted;

#[derive(Debug, clap::Args)]
pub(super) struct SnapshotArgs {
    /// A registered database.
    #[arg(conflicts_with_all = ["url", "insecure"])]
    database: Option<String>,
    /// A database that no config names. Where neither this nor a DATABASE is given: the variable
    /// `SCHEMAWARDEN_URL`, which keeps a password out of the list of processes.
    #[arg(long)]
    url: Option<String>,
    /// Accept `sslmode=prefer` and `allow` to a remote host, for --url.
    #[arg(long)]
    insecure: bool,
    /// How much of it is written down: which `tables` there are, their `columns` too, or all that the
    /// catalog tells but owners and grants (`full`).
    #[arg(long, value_enum, default_value_t = DepthArg::Tables)]
    depth: DepthArg,
    /// The manifest's name. Default: the database's.
    #[arg(long)]
    name: Option<String>,
}

pub(super) async fn run(global: &Global, args: SnapshotArgs) -> anyhow::Result<Status> {
    let url = args.url.or_else(|| args.database.is_none().then(environment::url).flatten());
    let (source, limits, name) = match (&args.database, url) {
        (_, Some(url)) => {
            let source = ConnectionSource::from_url(&url, args.insecure)
                .map_err(|error| environment::bad_url(&error))?;
            let name = source.database_name().unwrap_or_else(|| "snapshot".to_owned());
            (source, Limits::default(), name)
        }
        (Some(name), None) => {
            let config = environment::load(&global.config)?;
            let selection = Selection::of_one(name);
            let environment = environment::environment();
            let config = registries::with_registries(config, &selection, &environment).await;
            let database = selection::named(&config, name)?;
            (database.connection.clone(), database.limits, name.clone())
        }
        (None, None) => bail!(
            "name a registered DATABASE, or give --url, or a URL in the variable {}",
            environment::URL
        ),
    };
    let wanted_depth = manifest::Depth::from(args.depth);
    let environment = environment::environment();
    let catalog =
        match introspect::read(&source, &limits, &environment, &Wanted::from(wanted_depth.parts()))
            .await
        {
            Ok(catalog) => catalog,
            Err(error) => bail!("could not read `{name}`: {}", error.reason()),
        };
    // A manifest of half a database would call the other half drift.
    if let Some(reason) = &catalog.incomplete {
        bail!("the read of `{name}` is not complete: {reason}");
    }
    depth::warn_of_unread(&catalog);
    let name = args.name.as_deref().unwrap_or(&name);
    let text = manifest::print(name, &catalog, &Presets::default(), wanted_depth);
    depth::warn_if_too_large(&text, "`from: {database: …}`");
    output::emit(&text)?;
    Ok(Status::Clean)
}
