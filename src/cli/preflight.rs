//! `schemawarden preflight`: asked before a push, answers whether it may go on, and changes nothing.
//!
//! It looks at the very database that the push is about to use, and follows what the push would do over what
//! is there. In a pipeline the daemon says what is expected (`--server`), so that no other secret is needed;
//! otherwise the configuration does.

mod expectation;
mod source;
mod text;

use std::sync::Arc;

use anyhow::bail;

use self::expectation::Expectation;
use self::source::SourceArgs;
use super::Global;
use super::Status;
use super::client::Client;
use super::client::Contact;
use super::environment;
use super::output;
use super::registries;
use super::selection;
use super::selection::Selection;
use crate::clock::Clock;
use crate::compare::Accepted;
use crate::config::Config;
use crate::config::ConnectionSource;
use crate::config::Limits;
use crate::introspect;
use crate::manifest;
use crate::manifest::Manifest;
use crate::preflight;
use crate::preflight::Answer;
use crate::preflight::Decision;
use crate::preflight::Proof;
use crate::preflight::Question;
use crate::preflight::Refusal;
use crate::preflight::RefusalKind;
use crate::schema::Catalog;

#[derive(Debug, clap::Args)]
pub(super) struct PreflightArgs {
    /// The registered database that is meant. Default: whichever the URL leads to.
    database: Option<String>,
    /// The URL that the push is about to use. Default: the variable `SCHEMAWARDEN_URL`, then the URL that
    /// DATABASE is registered with. It is not kept, and no output holds it.
    #[arg(long)]
    url: Option<String>,
    /// Accept `sslmode=prefer` and `allow` to a remote host, for the URL.
    #[arg(long)]
    insecure_url: bool,
    #[command(flatten)]
    source: SourceArgs,
    /// Let a database pass that nobody registered. Its mark still counts.
    #[arg(long)]
    allow_unregistered: bool,
    #[command(flatten)]
    contact: Contact,
    /// How the answer looks. `github` prints annotations for GitHub Actions.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
    Github,
}

/// What was asked, and the answer.
struct Asked<'a> {
    /// The registered name.
    database: Option<&'a str>,
    manifest: Option<&'a str>,
    /// Who says what is expected.
    from: &'a str,
    live: &'a Catalog,
    push: String,
}

pub(super) async fn run(global: &Global, args: PreflightArgs) -> anyhow::Result<Status> {
    manifest::presets::prepare();
    let daemon =
        if args.contact.is_named() { Some(Client::new(global, &args.contact)?) } else { None };
    let config = match &daemon {
        Some(_) => None,
        None => Some(load(global, args.database.as_deref()).await?),
    };
    let url = args.url.clone().or_else(environment::url);
    let (connection, limits) = connection(&args, url.as_deref(), config.as_ref())?;
    args.source.check()?;
    let environment = environment::environment();
    let wanted = preflight::wanted();
    let read = introspect::read(&connection, &limits, &environment, &wanted).await;
    let live = match read {
        Ok(live) => live,
        Err(error) => {
            let reason = format!("the database could not be read: {}", error.reason());
            return unread(&args, &reason);
        }
    };
    let expectation = match (&daemon, &config) {
        (Some(daemon), _) => {
            expectation::from_daemon(daemon, args.database.as_deref(), &connection, &live).await?
        }
        (None, Some(config)) => {
            expectation::from_config(config, args.database.as_deref(), &connection, &live).await?
        }
        (None, None) => bail!("nobody says what is expected"),
    };
    let schema = super::sql::login::named(&connection).and_then(|it| it.schema.clone());
    let schema = schema.as_deref().unwrap_or("public");
    let at = source::Place { connection: &connection, limits: &limits, schema };
    let push = args.source.push(&live, &expectation, at).await?;
    let answer = answer(&expectation, &live, &push, args.allow_unregistered);
    let own = expectation.manifests.first().map(|it| it.name.as_str());
    let asked = Asked {
        database: expectation.database.as_deref(),
        manifest: own,
        from: &expectation.from,
        live: &live,
        push: args.source.to_string(),
    };
    let printed = match args.format {
        Format::Text => text::people(&asked, &answer),
        Format::Github => text::github(&asked, &answer),
        Format::Json => {
            let server = format!("PostgreSQL {}", live.session.server_version);
            let mut json = preflight::json(&answer, asked.database, asked.manifest, &server);
            json["expected_by"] = expectation.from.clone().into();
            format!("{json:#}\n")
        }
    };
    output::emit(&printed)?;
    Ok(match answer.decision {
        Decision::Go => Status::Clean,
        Decision::Refuse => Status::Drift,
        Decision::Unknown => Status::Trouble,
    })
}

/// Nothing could be told: as the format has it, and never nothing.
fn unread(args: &PreflightArgs, reason: &str) -> anyhow::Result<Status> {
    match args.format {
        Format::Text => bail!("{reason}"),
        Format::Json => {
            let database = args.database.as_deref();
            output::emit(&format!("{:#}\n", preflight::json_unknown(database, reason)))?;
        }
        Format::Github => output::emit(&text::github_unknown(args.database.as_deref(), reason))?,
    }
    Ok(Status::Trouble)
}

/// The configuration, with the databases of its registries where one of them may be meant.
async fn load(global: &Global, name: Option<&str>) -> anyhow::Result<Config> {
    let config = environment::load(&global.config)?;
    let selection = name.map_or_else(Selection::default, Selection::of_one);
    let environment = environment::environment();
    Ok(registries::with_registries(config, &selection, &environment).await)
}

/// What is about to be pushed to.
fn connection(
    args: &PreflightArgs,
    url: Option<&str>,
    config: Option<&Config>,
) -> anyhow::Result<(ConnectionSource, Limits)> {
    if let Some(url) = url {
        let source = ConnectionSource::from_url(url, args.insecure_url)
            .map_err(|error| environment::bad_url(&error))?;
        return Ok((source, Limits::default()));
    }
    match (config, &args.database) {
        (Some(config), Some(name)) => {
            let database = selection::named(config, name)?;
            Ok((database.connection.clone(), database.limits))
        }
        (None, _) => bail!(
            "with --server, the URL that the push is about to use is needed too: --url \"$DATABASE_URL\", or \
             the variable {}",
            environment::URL
        ),
        (Some(_), None) => bail!(
            "name a registered DATABASE, or give --url \"$DATABASE_URL\", or a URL in the variable {}",
            environment::URL
        ),
    }
}

fn answer(
    expectation: &Expectation,
    live: &Catalog,
    push: &preflight::Push,
    allow_unregistered: bool,
) -> Answer {
    let manifests: Vec<&Manifest> = expectation.manifests.iter().map(Arc::as_ref).collect();
    let question = Question {
        live,
        manifests: &manifests,
        all: &expectation.all,
        accepted: Accepted { known: &expectation.known, severities: &expectation.severities },
        labels: &expectation.labels,
        pin: expectation.pin.as_ref(),
        learnt: expectation.learnt,
        today: Clock::System.now().to_zoned(jiff::tz::TimeZone::UTC).date(),
    };
    let mut answer = preflight::judge(&question, push);
    answer.doubts.extend(expectation.doubts.iter().cloned());
    if let (Some(name), Some(other)) = (&expectation.database, &expectation.elsewhere) {
        let message = format!("this is the database that is registered as `{other}`, not `{name}`");
        let kind = RefusalKind::WrongDatabase;
        answer.refusals.push(Refusal { kind, table: None, column: None, message });
    } else if let Some(name) = &expectation.database
        && !expectation.is_placed
        && answer.proofs.iter().all(|it| *it == Proof::Tables)
    {
        answer.doubts.push(format!(
            "this URL leads elsewhere than `{name}` is registered, and neither an identity nor a mark says that it \
             is the same database (`schemawarden sql mark {name}`)"
        ));
    }
    if expectation.database.is_none() && !allow_unregistered {
        let message = format!(
            "no registered database is behind this URL ({}): register it, or add --allow-unregistered",
            expectation.from
        );
        let kind = RefusalKind::Unregistered;
        answer.refusals.insert(0, Refusal { kind, table: None, column: None, message });
    }
    answer.decide();
    answer
}
