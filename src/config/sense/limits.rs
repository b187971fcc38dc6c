//! Limits of audits: none is zero, none is absurd.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::config::Limits;
use crate::config::period::Size;
use crate::config::shape;
use crate::yaml::At;

use super::Noted;

/// What holds where the file says nothing.
pub(in crate::config) const DEFAULTS: Limits = Limits {
    concurrency: 32,
    per_server: 8,
    per_server_rate: 20,
    connect_timeout: Duration::from_secs(5),
    audit_deadline: Duration::from_secs(30),
    max_relations: 200_000,
    max_bytes: 64 << 20,
    max_replica_lag: Duration::from_mins(1),
};

/// Each audit at one time costs a socket and, at worst, `max_bytes` of memory.
const CONCURRENCY: RangeInclusive<usize> = 1..=1000;
/// Above the last, a server does nothing but to start and end its processes.
const PER_SERVER_RATE: RangeInclusive<usize> = 1..=10_000;
const CONNECT_TIMEOUT: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_mins(5);
const AUDIT_DEADLINE: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_hours(1);
const MAX_REPLICA_LAG: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(24);
const MAX_RELATIONS: RangeInclusive<usize> = 1..=10_000_000;
/// From 64 KiB, below which a small catalog has no room, to 4 GiB.
const MAX_BYTES: RangeInclusive<u64> = 65_536..=(4 << 30);

/// The limits that hold for all.
pub(super) fn global(given: Option<&shape::Limits>, noted: &mut Noted) -> Limits {
    let Some(it) = given else { return DEFAULTS };
    let key = |name: &str| format!("limits.{name}");
    let limits = Limits {
        concurrency: noted.number(
            it.concurrency.as_ref(),
            &key("concurrency"),
            DEFAULTS.concurrency,
            CONCURRENCY,
        ),
        per_server: noted.number(
            it.per_server.as_ref(),
            &key("per_server"),
            DEFAULTS.per_server,
            CONCURRENCY,
        ),
        per_server_rate: noted.number(
            it.per_server_rate.as_ref(),
            &key("per_server_rate"),
            DEFAULTS.per_server_rate,
            PER_SERVER_RATE,
        ),
        ..DEFAULTS
    };
    if let Some(per_server) = &it.per_server
        && per_server.value > limits.concurrency
    {
        let message = format!("never reached: concurrency is {}", limits.concurrency);
        noted.warning(per_server.at, &key("per_server"), message);
    }
    let own = shape::OwnLimits {
        connect_timeout: it.connect_timeout.clone(),
        audit_deadline: it.audit_deadline.clone(),
        max_relations: it.max_relations.clone(),
        max_bytes: it.max_bytes.clone(),
        max_replica_lag: it.max_replica_lag.clone(),
    };
    of_one(Some(&own), "limits", limits, noted)
}

/// The limits of one database: its own over those of all.
pub(super) fn of_one(
    own: Option<&shape::OwnLimits>,
    key: &str,
    global: Limits,
    noted: &mut Noted,
) -> Limits {
    let Some(own) = own else { return global };
    let name = |name: &str| format!("{key}.{name}");
    let limits = Limits {
        connect_timeout: noted.period(
            own.connect_timeout.as_ref(),
            &name("connect_timeout"),
            global.connect_timeout,
            CONNECT_TIMEOUT,
        ),
        audit_deadline: noted.period(
            own.audit_deadline.as_ref(),
            &name("audit_deadline"),
            global.audit_deadline,
            AUDIT_DEADLINE,
        ),
        max_relations: noted.number(
            own.max_relations.as_ref(),
            &name("max_relations"),
            global.max_relations,
            MAX_RELATIONS,
        ),
        max_bytes: bytes(own.max_bytes.as_ref(), &name("max_bytes"), global.max_bytes, noted),
        max_replica_lag: noted.period(
            own.max_replica_lag.as_ref(),
            &name("max_replica_lag"),
            global.max_replica_lag,
            MAX_REPLICA_LAG,
        ),
        ..global
    };
    let said = own.connect_timeout.as_ref().or(own.audit_deadline.as_ref());
    if let Some(said) = said
        && limits.connect_timeout >= limits.audit_deadline
    {
        let message = "connect_timeout is not below audit_deadline: a host that does not answer \
                       uses up the whole audit, and no other host is tried";
        noted.warning(said.at, key, message);
    }
    limits
}

fn bytes(given: Option<&At<Size>>, key: &str, default: u64, noted: &mut Noted) -> u64 {
    let Some(At { value: Size(bytes), at, .. }) = given else { return default };
    if !MAX_BYTES.contains(bytes) {
        noted.mistake(Some(*at), key, "must be from 64KiB to 4GiB");
    }
    *bytes
}
