-- Manifests that a comparison may need after the file has changed, and deploy windows.

-- Every resolved manifest that is still referred to, by what it says and what it is called.
create table manifest_versions (
    hash          text    not null,
    name          text    not null,
    -- JSON of the resolved manifest.
    body          text    not null,
    first_seen_at integer not null,
    primary key (hash, name)
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
    id          integer primary key autoincrement,
    new_hash    text    not null,
    new_name    text    not null,
    ref         text    not null,
    author      text    not null,
    begun_at    integer not null,
    ends_at     integer not null,
    ended_at    integer,
    -- 1: so the old manifest holds.
    rolled_back integer not null default 0,
    foreign key (new_hash, new_name) references manifest_versions (hash, name)
) strict;
create index deploys_open on deploys (ends_at) where ended_at is null;

create table deploy_databases (
    deploy_id  integer not null references deploys (id) on delete cascade,
    database   text    not null,
    -- What was in force when the deploy began.
    old_hash   text    not null,
    old_name   text    not null,
    -- Hash of the manifest that the config names; from the end on, that it named then.
    file_hash  text    not null,
    -- 1: the config named another one since.
    superseded integer not null default 0,
    primary key (deploy_id, database),
    foreign key (old_hash, old_name) references manifest_versions (hash, name)
) strict, without rowid;
create index deploys_of_database on deploy_databases (database, deploy_id);

-- Of the last audit: the manifest it was compared with, where it was complete; and how many findings
-- are held.
alter table databases add column manifest_hash text;
alter table databases add column held integer not null default 0;
create index databases_held on databases (name) where held > 0;
