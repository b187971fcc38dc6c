//! How an incident changes, and why: the words of message, metric and audit trail.

use std::collections::BTreeSet;

use super::Incident;

/// One incident as it should be stored from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its id is [`super::IncidentId::UNASSIGNED`] where it opens.
    pub incident: Incident,
    /// Which step of its life that is; `None` where it changes silently.
    pub told: Option<Transition>,
}

/// A step in the life of an incident: it is logged and written into the audit trail, and people hear
/// of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    pub step: Step,
    pub reason: Reason,
    /// Fingerprints of the findings that are new since people last heard of this incident.
    pub new: BTreeSet<String>,
    /// No channel hears of it: a person has this in hand, or another incident tells it.
    pub quiet: bool,
}

impl Transition {
    /// One that is told, without new findings.
    pub(super) fn told(step: Step, reason: Reason) -> Self {
        Self { step, reason, new: BTreeSet::new(), quiet: false }
    }

    /// One that no channel hears of.
    pub(super) fn quiet(step: Step, reason: Reason) -> Self {
        Self { quiet: true, ..Self::told(step, reason) }
    }
}

/// Which way an incident went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Opened,
    Changed,
    /// Still open; nothing of it changed.
    Reminded,
    Resolved,
    /// A person has seen it; told to nobody.
    Acknowledged,
    /// That person let go of it; told to nobody.
    Released,
}

/// Why it went that way. The words are published (message, metric, audit trail) and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Findings that it did not hold before.
    NewFindings,
    /// A complete read without any of its findings.
    AllFindingsGone,
    /// What it held is still there, and accepted now (`known:`), or no more than `info`.
    Accepted,
    /// A deploy window that opened allows what it held.
    DeployBegan,
    /// So many audits in a row as [`super::Life::confirm_failing`] says could not tell.
    AuditsFailed,
    /// A complete read after audits that could not tell.
    AuditedAgain,
    /// Its database left the configuration: nobody looks any more.
    DatabaseRemoved,
    /// Its registry does not name its database any more: nobody looks any more.
    DatabaseRetired,
    /// It came back within the flap window.
    Flapping,
    /// It is open for another repeat interval.
    RepeatInterval,
    /// The silence that muted it has ended.
    SilenceEnded,
    /// The maintenance window that muted it has ended.
    MaintenanceEnded,
    /// A person has seen it.
    Acknowledged,
    /// That person let go of it.
    Released,
    /// None of its databases can be reached.
    ServerUnreachable,
    /// One of its databases was reached.
    ServerReachable,
    /// Its server is unreachable, which is told as one incident.
    ServerTold,
    /// A change of the manifest would make too many databases drift; or, where it ends a drift, the
    /// changed manifest allows what it held.
    ManifestChanged,
    /// A person takes what was found as known (`accept-reset`).
    ResetAccepted,
    /// A person let the changed manifest through.
    ManifestReleased,
    /// The receiver says that the channel is wrong.
    ChannelBroken,
    /// Nothing has got through to the channel for a while.
    ChannelFailing,
    /// A message was given up: after every try, or because its receiver takes no form of it.
    DeliveryAbandoned,
    /// The channel takes messages again.
    ChannelDelivers,
    /// The channel left the configuration.
    ChannelRemoved,
    /// A registry names far fewer databases than before.
    RegistryShrunk,
    /// A registry names none any more.
    RegistryEmpty,
    /// A registry could not be read several times in a row.
    RegistryFailing,
    /// A registry names enough of them again.
    RegistryBack,
    /// A person said that the smaller registry is right.
    RegistryAccepted,
    /// The discovery left the configuration.
    DiscoveryRemoved,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 6] = [
        Self::Opened,
        Self::Changed,
        Self::Reminded,
        Self::Resolved,
        Self::Acknowledged,
        Self::Released,
    ];

    /// The word used in logs and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Changed => "changed",
            Self::Reminded => "reminded",
            Self::Acknowledged => "acknowledged",
            Self::Released => "released",
            Self::Resolved => "resolved",
        }
    }
}

impl Reason {
    /// The word used in messages, metrics and state.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NewFindings => "new_findings",
            Self::AllFindingsGone => "all_findings_gone",
            Self::Accepted => "accepted",
            Self::DeployBegan => "deploy_began",
            Self::AuditsFailed => "audits_failed",
            Self::AuditedAgain => "audited_again",
            Self::DatabaseRemoved => "database_removed",
            Self::DatabaseRetired => "database_retired",
            Self::Flapping => "flapping",
            Self::RepeatInterval => "repeat_interval",
            Self::SilenceEnded => "silence_ended",
            Self::MaintenanceEnded => "maintenance_ended",
            Self::Acknowledged => "acknowledged",
            Self::Released => "released",
            Self::ServerUnreachable => "server_unreachable",
            Self::ServerReachable => "server_reachable",
            Self::ServerTold => "server_told",
            Self::ManifestChanged => "manifest_changed",
            Self::ResetAccepted => "reset_accepted",
            Self::ManifestReleased => "manifest_released",
            Self::ChannelBroken => "channel_broken",
            Self::ChannelFailing => "channel_failing",
            Self::DeliveryAbandoned => "delivery_abandoned",
            Self::ChannelDelivers => "channel_delivers",
            Self::ChannelRemoved => "channel_removed",
            Self::RegistryShrunk => "registry_shrunk",
            Self::RegistryEmpty => "registry_empty",
            Self::RegistryFailing => "registry_failing",
            Self::RegistryBack => "registry_back",
            Self::RegistryAccepted => "registry_accepted",
            Self::DiscoveryRemoved => "discovery_removed",
        }
    }
}
