//! Which registered databases a command is about: by name, by label, or all.

use std::sync::Arc;

use anyhow::anyhow;
use anyhow::bail;

use crate::config::Config;
use crate::config::Database;
use crate::nearest::hint;

#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Selection {
    /// Names of registered databases. Default: all.
    #[arg(value_name = "DATABASE")]
    databases: Vec<String>,
    /// Only databases with this label; several must all hold.
    #[arg(long, value_name = "LABEL=VALUE", value_parser = label)]
    select: Vec<(String, String)>,
}

/// Reads `label=value`.
pub(super) fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as label=value".to_owned()),
    }
}

/// The registered database `name`, or an error that names the nearest one.
pub(super) fn named<'a>(config: &'a Config, name: &str) -> anyhow::Result<&'a Arc<Database>> {
    let found = config.databases.iter().find(|it| it.name == name);
    found.ok_or_else(|| {
        let hint = hint(name, config.databases.iter().map(|it| it.name.as_str()));
        anyhow!("no database `{name}` in {}{hint}", config.path.display())
    })
}

impl Selection {
    /// One by its name.
    pub(super) fn of_one(name: &str) -> Self {
        Self { databases: vec![name.to_owned()], select: Vec::new() }
    }

    /// Whether all that is selected is named, and named by the config itself: then registries need not
    /// be asked.
    pub(super) fn is_within(&self, config: &Config) -> bool {
        let is_static = |name: &String| config.databases.iter().any(|it| it.name == *name);
        !self.databases.is_empty() && self.databases.iter().all(is_static)
    }

    /// Whether nothing was selected, which means all.
    pub(super) fn is_empty(&self) -> bool {
        self.databases.is_empty() && self.select.is_empty()
    }

    /// The selected databases, in the order of the config. It is an error to name one that is not
    /// registered, or to select none: a check of nothing must not pass as clean.
    pub(super) fn of(&self, config: &Config) -> anyhow::Result<Vec<Arc<Database>>> {
        for name in &self.databases {
            named(config, name)?;
        }
        let selected: Vec<_> = config
            .databases
            .iter()
            .filter(|it| self.databases.is_empty() || self.databases.contains(&it.name))
            .filter(|it| self.select.iter().all(|(name, value)| it.labels.get(name) == Some(value)))
            .map(Arc::clone)
            .collect();
        if selected.is_empty() {
            let wanted: Vec<_> = self.select.iter().map(|(n, v)| format!("{n}={v}")).collect();
            if wanted.is_empty() {
                bail!("{} registers no database", config.path.display());
            }
            bail!(
                "no database in {} has the label {}",
                config.path.display(),
                wanted.join(" and ")
            );
        }
        Ok(selected)
    }
}
