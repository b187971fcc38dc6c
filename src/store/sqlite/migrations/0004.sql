-- Manifests that a comparison may need after the file has changed, and deploy windows.

-- Every resolved manifest that is still referred to, by its hash.
create table manifest_versions (
    hash          text    primary key,
    name          text    not null,
    -- JSON of the resolved manifest.
    body          text    not null,
    first_seen_at integer not null
) strict, without rowid;

-- What the brake knows of each manifest.
create table manifests (
    name         text    primary key,
    -- The version whose findings are told without question.
    trusted_hash text    not null,
    -- The version that is on trial, and since when.
    trial_hash   text,
    trial_since  integer,
    -- 1: it is suspect, and its findings wait for a person or the next change.
    suspect      integer not null default 0
) strict, without rowid;

create table deploys (
    id         integer primary key autoincrement,
    new_hash   text    not null references manifest_versions (hash),
    ref        text    not null,
    author     text    not null,
    begun_at   integer not null,
    ends_at    integer not null,
    ended_at   integer,
    -- 1: it was rolled back, so the old manifest holds.
    aborted    integer not null default 0
) strict;

create table deploy_databases (
    deploy_id integer not null references deploys (id) on delete cascade,
    database  text    not null,
    -- The manifest that the config named when the deploy began.
    old_hash  text    not null references manifest_versions (hash),
    primary key (deploy_id, database)
) strict, without rowid;
create index deploys_of_database on deploy_databases (database, deploy_id);
