//! `schemawarden fleet`: how many shapes a fleet has, who has which, and what differs from the most
//! common. With `--write`, the onboarding of three hundred databases: a manifest a shape, and the
//! `databases:` of a config that hold each to its own.

mod members;
mod text;
mod write;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::civil::Date;
use serde_json::Value;
use serde_json::json;

use super::Global;
use super::Status;
use super::depth::DepthArg;
use super::environment;
use super::output;
use super::registries;
use super::selection::Selection;
use crate::audit::Slots;
use crate::circuit::Purpose;
use crate::clock::Clock;
use crate::compare::Shape;
use crate::compare::Shapes;
use crate::compare::differs;
use crate::config::Database;
use crate::config::Limits;
use crate::finding::Finding;
use crate::introspect;
use crate::manifest::Depth;
use crate::manifest::Manifest;
use crate::report;
use crate::schema::Catalog;
use crate::schema::Wanted;

#[derive(Debug, clap::Args)]
pub(super) struct FleetArgs {
    #[command(flatten)]
    selection: Selection,
    /// Databases that no config names: a file with a URL a line, or `NAME URL`; `-` reads stdin. Lines
    /// that begin with # are skipped.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["databases", "select"])]
    urls: Option<PathBuf>,
    /// Accept `sslmode=prefer` and `allow` to remote hosts, for --urls.
    #[arg(long, requires = "urls")]
    insecure: bool,
    /// How closely they are looked at: which `tables` there are, their `columns` too, or all that the
    /// catalog tells but owners and grants (`full`).
    #[arg(long, value_enum, default_value_t = DepthArg::Tables)]
    depth: DepthArg,
    /// How the answer looks.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write there a manifest for each shape, and `databases.yaml`, a part of a config that holds each
    /// database to its own. Files that are there are left alone: it is an error.
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// What was found.
struct Fleet {
    /// Every database, in the order in which it was named.
    names: Vec<String>,
    depth: Depth,
    shapes: Vec<Told>,
    /// Those that could not be read, and why.
    unread: Vec<(usize, String)>,
}

/// A shape with what there is to say of it.
struct Told {
    shape: Shape,
    /// How many relations a manifest of it lists.
    relations: usize,
    /// Manifests of the config that each of its databases is clean against.
    fits: BTreeSet<String>,
    /// What it has otherwise than the most common one. `None`: that is too large for a manifest.
    differs: Option<Vec<Finding>>,
}

pub(super) async fn run(global: &Global, args: FleetArgs) -> anyhow::Result<Status> {
    let depth = Depth::from(args.depth);
    if let Some(folder) = &args.write {
        write::refuse_what_is_there(folder)?;
    }
    let (databases, manifests, limits) = if let Some(file) = &args.urls {
        (members::listed(file, args.insecure)?, Vec::new(), Limits::default())
    } else {
        let config = environment::load(&global.config)?;
        let environment = environment::environment();
        let config = registries::with_registries(config, &args.selection, &environment).await;
        let databases = args.selection.of(&config)?;
        (databases, config.manifests.values().cloned().collect(), config.limits)
    };
    let slots = Slots::new(&limits);
    let reading = Reading { slots: &slots, depth, manifests: &manifests, today: today() };
    let (shapes, unread) = read(&databases, &reading, limits.concurrency).await;
    let names = databases.iter().map(|it| it.name.clone()).collect();
    let fleet = Fleet { names, depth, shapes, unread };
    if fleet.shapes.is_empty() {
        for (at, reason) in &fleet.unread {
            output::remark(&format!("{}: {}", fleet.names[*at], output::harmless(reason)));
        }
        bail!("none of {} could be read", output::count(fleet.names.len(), "database"));
    }
    if let Some(folder) = &args.write {
        write::write(&fleet, folder)?;
    }
    output::emit(&match args.format {
        Format::Text => text::render(&fleet),
        Format::Json => format!("{:#}\n", document(&fleet)),
    })?;
    Ok(if fleet.unread.is_empty() { Status::Clean } else { Status::Trouble })
}

fn today() -> Date {
    Clock::System.now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// What databases are read with, and judged by.
struct Reading<'a> {
    slots: &'a Slots,
    depth: Depth,
    manifests: &'a [Arc<Manifest>],
    today: Date,
}

/// Reads every database, as many at once as the limits allow.
async fn read(
    databases: &[Arc<Database>],
    reading: &Reading<'_>,
    concurrency: usize,
) -> (Vec<Told>, Vec<(usize, String)>) {
    let environment = environment::environment();
    let wanted = Wanted::from(reading.depth.parts());
    let (environment, wanted) = (&environment, &wanted);
    let reads = databases.iter().enumerate().map(|(at, database)| async move {
        let entered = reading.slots.enter(database, Purpose::Asked, &Clock::System).await;
        let _slot = match entered {
            Ok(slot) => slot,
            Err(shut) => return (at, Err(shut.to_string())),
        };
        let read =
            introspect::read(&database.connection, &database.limits, environment, wanted).await;
        (at, read.map_err(|error| error.reason()).and_then(whole))
    });
    // Twice the slots, so that one full server does not keep the others' databases waiting.
    let mut reads = stream::iter(reads).buffer_unordered(concurrency.max(1).saturating_mul(2));
    let (mut shapes, mut unread) = (Shapes::new(reading.depth), Vec::new());
    // One by one: what presets leave out makes no shape, and a manifest may ask for it all the same.
    let mut fits = BTreeMap::new();
    while let Some((at, read)) = reads.next().await {
        match read {
            Ok(catalog) => {
                fits.insert(at, reading.met_by(&catalog));
                shapes.add(at, catalog);
            }
            Err(reason) => unread.push((at, reason)),
        }
    }
    unread.sort_unstable();
    (reading.told(shapes.sorted(), &fits), unread)
}

impl Reading<'_> {
    /// The manifests that a database is clean against.
    fn met_by(&self, catalog: &Catalog) -> BTreeSet<String> {
        let read = self.depth.parts();
        // One that asks for more than was read is not known to be met.
        let judged = |it: &&Arc<Manifest>| {
            it.golden.is_none() && it.parts().is_subset(&read) && it.wanted().rows.is_empty()
        };
        let clean =
            |it: &&Arc<Manifest>| !differs(catalog, it, self.today).iter().any(Finding::counts);
        self.manifests.iter().filter(judged).filter(clean).map(|it| it.name.clone()).collect()
    }

    fn told(&self, shapes: Vec<Shape>, fits: &BTreeMap<usize, BTreeSet<String>>) -> Vec<Told> {
        let manifest = |it: &Shape| it.manifest(self.depth, self.today).ok();
        let common = shapes.first().and_then(manifest);
        let tell = |shape: Shape| {
            let mut of_each = shape.members.iter().filter_map(|it| fits.get(it)).cloned();
            let first = of_each.next().unwrap_or_default();
            let fits = of_each.fold(first, |all, it| &all & &it);
            let differs = common.as_ref().map(|it| shape.differs_from(it, self.today));
            let relations = manifest(&shape).map(|it| it.expected.len());
            let relations = relations.unwrap_or(shape.catalog.relations.len());
            Told { shape, relations, fits, differs }
        };
        shapes.into_iter().map(tell).collect()
    }
}

/// A read without a doubt: half a database would be a shape of its own.
fn whole(catalog: Catalog) -> Result<Catalog, String> {
    match catalog.doubt() {
        Some(reason) => Err(reason),
        None => Ok(catalog),
    }
}

/// The answer for programs.
fn document(fleet: &Fleet) -> Value {
    let name = |at: &usize| fleet.names[*at].as_str();
    let shape = |(at, it): (usize, &Told)| {
        json!({
            "shape": at + 1,
            "databases": it.shape.members.iter().map(name).collect::<Vec<_>>(),
            "relations": it.relations,
            "fits": it.fits,
            "differs": it.differs.as_ref().map(|all| {
                all.iter().map(report::json::finding).collect::<Vec<_>>()
            }),
        })
    };
    json!({
        "version": 1,
        "depth": fleet.depth.word(),
        "databases": fleet.names.len(),
        "shapes": fleet.shapes.iter().enumerate().map(shape).collect::<Vec<_>>(),
        "unread": fleet.unread.iter().map(|(at, reason)| {
            json!({ "database": name(at), "reason": reason })
        }).collect::<Vec<_>>(),
    })
}
