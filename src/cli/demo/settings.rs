//! What the daemon is started with: its config and the manifests of the fleet, in the demo's directory.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;

use super::cluster::Cluster;
use super::cluster::random_password;
use super::cluster::write_private;
use super::fleet::Fleet;
use super::receiver::Receiver;

/// The manifests of the repository, for whoever has the program alone.
pub(super) const CENTRAL_MANIFEST: &str = include_str!("../../../expected-schemas/central.yaml");
pub(super) const ORCHESTRA_MANIFEST: &str =
    include_str!("../../../expected-schemas/orchestra.yaml");

/// Seconds between two audits of a database.
pub(super) const PERIOD_S: u32 = 5;

/// The discovery of the orchestras.
pub(super) const REGISTRY: &str = "orchestras";

/// The channel, as its config and its receiver call it.
const CHANNEL: &str = "ops";

/// What the daemon is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scene {
    /// The story: it is told of each change.
    Story,
    /// A person's own steps, at this port.
    Playground(u16),
}

/// Writes the config and the manifests; returns the config's path. URLs with passwords are in it, so
/// only we may read it. Whoever watches a demo waits for no group and no flap window: each message
/// leaves at once, and what is resolved is resolved.
pub(super) fn write_settings(
    directory: &Path,
    cluster: &Cluster,
    fleet: &Fleet,
    receiver: &Receiver,
    scene: Scene,
) -> anyhow::Result<PathBuf> {
    let manifests = directory.join("expected-schemas");
    fs::create_dir(&manifests)
        .with_context(|| format!("could not make {}", manifests.display()))?;
    write_private(&manifests.join("central.yaml"), CENTRAL_MANIFEST)?;
    write_private(&manifests.join("orchestra.yaml"), ORCHESTRA_MANIFEST)?;

    let key = [random_password()?, random_password()?].map(|it| it.expose().to_owned()).concat();
    write_private(&directory.join("state.key"), &key)?;
    let central = fleet.url(cluster, "central");
    let (port, watch, remark) = match scene {
        Scene::Story => (
            0,
            ", watch: true",
            "It has the observer, which calls at each change: audited at once.",
        ),
        Scene::Playground(port) => (port, "", "The control plane: 4 tables, and the registry."),
    };
    let text = format!(
        "# Written by `schemawarden demo`; gone when it ends.\n\
         defaults:\n\
         \x20 schedule: {{ every: {PERIOD_S}s, splay: 0s }}\n\
         \x20 flap_window: 0s\n\
         manifests: expected-schemas\n\
         state: {{ sqlite: schemawarden.db, encryption_key_file: state.key }}\n\
         http: {{ listen: \"127.0.0.1:{port}\" }}\n\
         databases:\n\
         \x20 # {remark}\n\
         \x20 - {{ name: central, url: \"{}\", manifest: central{watch} }}\n\
         discover:\n\
         \x20 # The orchestras are those that a table of central names, as in 2025.\n\
         \x20 - name: {REGISTRY}\n\
         \x20   from: central\n\
         \x20   query: select slug as name, \"databaseUrl\" as url from public.\"Orchestra\"\n\
         \x20   allow_hosts: [127.0.0.1]\n\
         \x20   manifest: orchestra\n\
         \x20   schedule: {{ every: {PERIOD_S}s, splay: 0s }}\n\
         \x20   audit_schedule: {{ every: {PERIOD_S}s, splay: 0s }}\n\
         channels:\n\
         \x20 {CHANNEL}: {{ type: slack, url: \"{}\" }}\n\
         routes:\n\
         \x20 - {{ to: [{CHANNEL}], group_wait: 0s, group_interval: 0s }}\n",
        central.expose(),
        receiver.url(CHANNEL).expose()
    );
    let config = directory.join("config.yaml");
    write_private(&config, &text)?;
    Ok(config)
}
