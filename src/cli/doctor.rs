//! `schemawarden doctor`: what each connection is, what its role sees and could do, and what to mend.
//!
//! Every line is something that was looked at, not guessed. Exit 0 when every database could be
//! looked at and read to the end, 2 otherwise; advice alone changes no exit code.

mod guard;
mod observer;
mod storage;

use std::fmt::Write as _;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::Global;
use super::Status;
use super::environment;
use super::output;
use super::output::BAD;
use super::output::BOLD;
use super::output::DIM;
use super::output::GOOD;
use super::output::WARN;
use super::output::count;
use super::output::paint;
use super::registries;
use super::selection::Selection;
use crate::compare::mark;
use crate::config::Config;
use crate::config::Database;
use crate::introspect;
use crate::introspect::Environment;
use crate::introspect::IntrospectError;
use crate::introspect::Verification;
use crate::introspect::probe::Pooler;
use crate::introspect::probe::Probe;
use crate::introspect::probe::probe;
use crate::manifest::presets;
use crate::manifest::presets::Preset;
use crate::schema::Catalog;
use crate::schema::Wanted;
use observer::Hearing;

#[derive(Debug, clap::Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    selection: Selection,
}

/// What was found out about one database.
struct Examination {
    probe: Probe,
    catalog: Catalog,
    hearing: Hearing,
}

pub(super) async fn run(global: &Global, args: DoctorArgs) -> anyhow::Result<Status> {
    let config = environment::load(&global.config)?;
    let environment = environment::environment();
    let config = registries::with_registries(config, &args.selection, &environment).await;
    let databases = args.selection.of(&config)?;
    let environment = &environment;
    let examinations = databases.into_iter().map(|database| async move {
        let result = examine(&database, environment).await;
        (database, result)
    });
    let mut examinations = stream::iter(examinations).buffered(config.limits.per_server.max(1));
    let mut status = Status::Clean;
    while let Some((database, result)) = examinations.next().await {
        let mut out = String::new();
        match result {
            Ok(examination) => {
                if examination.catalog.doubt().is_some() {
                    status = Status::Trouble;
                }
                describe(&mut out, &database, &examination)?;
                registry(&mut out, &config, &database, &examination.probe)?;
            }
            Err(error) => {
                status = Status::Trouble;
                writeln!(out, "{}", paint(BOLD, &database.name))?;
                line(&mut out, Sign::Bad, "connection", &error.reason())?;
            }
        }
        output::emit(&out)?;
    }
    Ok(status)
}

async fn examine(
    database: &Arc<Database>,
    environment: &Environment,
) -> Result<Examination, IntrospectError> {
    let roles: Vec<&str> =
        presets::all().iter().flat_map(Preset::roles).map(String::as_str).collect();
    let probe = probe(&database.connection, &database.limits, environment, &roles).await?;
    // As the daemon reads it, with what it remembers.
    let wanted = Wanted { imprint: true, guard: true, ..database.manifest.wanted() };
    let read = introspect::read(&database.connection, &database.limits, environment, &wanted);
    let catalog = read.await?;
    let hearing = observer::hearing(database, environment, &probe).await;
    Ok(Examination { probe, catalog, hearing })
}

/// How good a fact is.
#[derive(Clone, Copy)]
enum Sign {
    Good,
    Advice,
    Bad,
    Plain,
}

fn line(out: &mut String, sign: Sign, what: &str, text: &str) -> std::fmt::Result {
    let sign = match sign {
        Sign::Good => paint(GOOD, "✓"),
        Sign::Advice => paint(WARN, "!"),
        Sign::Bad => paint(BAD, "✗"),
        Sign::Plain => " ".to_owned(),
    };
    writeln!(out, "  {sign} {}  {text}", paint(DIM, format!("{what:11}")))
}

fn describe(out: &mut String, database: &Database, it: &Examination) -> std::fmt::Result {
    let probe = &it.probe;
    writeln!(out, "{}", paint(BOLD, &database.name))?;
    let addresses: Vec<_> = probe.addresses.iter().map(ToString::to_string).collect();
    // An address that was asked for by number needs no second mention.
    let addresses = match addresses.join(", ") {
        all if all.is_empty() || probe.server.contains(&all) => String::new(),
        all => format!(" ({all})"),
    };
    let replica = if probe.in_recovery { ", a read replica" } else { "" };
    let text = format!(
        "{}{addresses}, PostgreSQL {}{replica}, database {} ({})",
        probe.server, probe.server_version, probe.database, probe.encoding
    );
    line(out, Sign::Good, "connection", &text)?;
    tls(out, probe)?;
    role(out, database, probe)?;
    hidden(out, probe)?;
    if let Some(reason) = &it.catalog.doubt() {
        line(out, Sign::Bad, "read", &format!("partial: {reason}"))?;
    }
    match probe.pooler {
        Pooler::Certain => line(
            out,
            Sign::Good,
            "pooler",
            "another backend answers than the one that let us in: there is a pooler; audits work through it",
        )?,
        Pooler::None => line(out, Sign::Plain, "pooler", "none seen")?,
    }
    let imprint = it.catalog.definitions.imprint.as_ref();
    storage::describe(out, database, imprint, &probe.current_user)?;
    marked(out, database, it)?;
    observer::describe(out, database, it)?;
    guard::describe(out, database, it)?;
    fitting(out, database, it)
}

/// What the database says of itself.
fn marked(out: &mut String, database: &Database, it: &Examination) -> std::fmt::Result {
    match &it.catalog.session.mark {
        Some(Ok(mark)) => {
            let classes = [database.manifest.name.as_str()];
            match mark::contradiction(mark, &classes, &database.labels) {
                None => line(out, Sign::Good, "mark", &mark.to_string()),
                Some(finding) => line(out, Sign::Bad, "mark", &finding.message),
            }
        }
        Some(Err(error)) => line(out, Sign::Bad, "mark", &error.to_string()),
        None => {
            let text = format!(
                "none: `schemawarden sql mark {} --production` prints what tells a wrong connection",
                database.name
            );
            line(out, Sign::Plain, "mark", &text)
        }
    }
}

/// What is said of a database that holds a registry: the query of somebody's config runs there.
fn registry(
    out: &mut String,
    config: &Config,
    database: &Database,
    probe: &Probe,
) -> std::fmt::Result {
    for it in &config.discoveries {
        if it.from().is_none_or(|from| from.name != database.name) {
            continue;
        }
        let role = &probe.current_user;
        if probe.superuser || probe.rights.may_write() {
            let text = format!(
                "`{}` is read here as {role}, which can write: its query runs READ ONLY all the same, but \
                 functions that it calls may reach further; give it a role that can only select from the \
                 registry",
                it.name
            );
            line(out, Sign::Advice, "registry", &text)?;
        } else {
            let text = format!("`{}` is read here as {role}, which can write nothing", it.name);
            line(out, Sign::Good, "registry", &text)?;
        }
    }
    Ok(())
}

fn tls(out: &mut String, probe: &Probe) -> std::fmt::Result {
    let Some(tls) = &probe.tls else {
        return line(out, Sign::Plain, "TLS", "none (loopback or a Unix socket needs none)");
    };
    let version = tls.version.map_or_else(|| "TLS".to_owned(), |it| it.to_string());
    let cipher = tls.cipher.as_ref().map_or_else(String::new, |it| format!(", {it}"));
    let (sign, proof) = match tls.verification {
        Verification::ChainAndName => (Sign::Good, "the server proved that it is who we asked for"),
        Verification::Chain => (
            Sign::Advice,
            "a trusted authority issued the certificate, for whatever host (sslmode=verify-ca); verify-full checks the name too",
        ),
        Verification::Nothing => (
            Sign::Advice,
            "encrypted, and nothing proves who answers (sslmode=require); verify-full does",
        ),
    };
    line(out, sign, "TLS", &format!("{version}{cipher}: {proof}"))
}

fn role(out: &mut String, database: &Database, probe: &Probe) -> std::fmt::Result {
    let mut text = probe.current_user.clone();
    if probe.session_user != probe.current_user {
        let _ = write!(text, " (logged in as {}; a setting changes the role)", probe.session_user);
    }
    let rights = &probe.rights;
    if probe.superuser {
        text.push_str(", a superuser: far more than an audit needs");
    } else if rights.may_write() {
        let mut able = Vec::new();
        if rights.schemas_to_create_in > 0 {
            let n = usize::try_from(rights.schemas_to_create_in).unwrap_or(usize::MAX);
            able.push(format!("create objects in {}", count(n, "schema")));
        }
        if rights.relations_owned > 0 {
            let n = usize::try_from(rights.relations_owned).unwrap_or(usize::MAX);
            able.push(format!("drop {} that it owns", count(n, "relation")));
        }
        if rights.relations_to_write > 0 {
            let n = usize::try_from(rights.relations_to_write).unwrap_or(usize::MAX);
            able.push(format!("change the rows of {}", count(n, "relation")));
        }
        let _ = write!(text, " could {}: more than an audit needs", able.join(", "));
    } else {
        return line(out, Sign::Good, "role", &format!("{text}, which can write nothing"));
    }
    let advice = format!("; `schemawarden sql role {}` prints a better one", database.name);
    line(out, Sign::Advice, "role", &format!("{text}{advice}"))
}

fn hidden(out: &mut String, probe: &Probe) -> std::fmt::Result {
    let hidden = probe.relations.saturating_sub(probe.listed_by_information_schema);
    let text = if hidden == 0 {
        format!(
            "all {} tables and views are in information_schema for this role too",
            probe.relations
        )
    } else {
        format!(
            "information_schema shows this role {} of {} tables and views; audits read pg_catalog and see all",
            probe.listed_by_information_schema, probe.relations
        )
    };
    line(out, Sign::Good, "sees", &text)
}

fn fitting(out: &mut String, database: &Database, it: &Examination) -> std::fmt::Result {
    let by_proof: Vec<_> = presets::fitting(&it.catalog)
        .into_iter()
        .map(|(name, n)| format!("{name} ({})", count(n, "relation")))
        .collect();
    let by_name: Vec<_> = presets::fitting_by_name(&it.catalog)
        .into_iter()
        .map(|(name, n)| format!("{name} ({})", count(n, "relation")))
        .collect();
    let mut text = if by_proof.is_empty() {
        "auto leaves out nothing here".to_owned()
    } else {
        format!("auto leaves out {}", by_proof.join(", "))
    };
    if !it.probe.known_roles.is_empty() {
        let _ = write!(text, "; the server has the roles {}", it.probe.known_roles.join(", "));
    }
    line(out, Sign::Plain, "presets", &text)?;
    if !by_name.is_empty() {
        let manifest = &database.manifest.name;
        let text = format!(
            "named in `presets:` of manifest `{manifest}`, would fit too: {}",
            by_name.join(", ")
        );
        line(out, Sign::Plain, "", &text)?;
    }
    let ledgers: Vec<_> = presets::ledgers_in(&it.catalog).into_iter().collect();
    if ledgers.len() > 1 {
        let text = format!(
            "{} tools have left a ledger here ({}): name those that belong here under `presets:`, and \
             `check` reports the others",
            ledgers.len(),
            ledgers.join(", ")
        );
        line(out, Sign::Advice, "ledgers", &text)?;
    }
    Ok(())
}
