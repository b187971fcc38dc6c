-- Telling: groups, silences, reminders, parked channels.

-- How the notification is gathered on its channel; '' before this version. Without any wait it is a
-- message of its own.
alter table notifications add column group_key text not null default '';
alter table notifications add column group_wait_ms integer not null default 0;
alter table notifications add column group_interval_ms integer not null default 0;
-- 1: its receiver takes one thread a message.
alter table notifications add column single integer not null default 0;
-- The incident that leads the message in which this one was first told there, `SW-1042`; null while
-- it waits.
alter table notifications add column thread text;
create index notifications_waiting on notifications
    (channel, group_key, id, created_at, group_wait_ms, group_interval_ms)
    where delivery_id is null;
create index notifications_of_thread on notifications (channel, thread, incident_id, id)
    where thread is not null;

-- When a group last sent, and how many messages of the burst it is in.
create table groups (
    channel    text    not null,
    group_key  text    not null,
    flushed_at integer not null,
    flushes    integer not null,
    primary key (channel, group_key)
) strict, without rowid;

-- 1: something of it was muted, and is told when nothing mutes it any more.
alter table incidents add column untold integer not null default 0;
create index incidents_untold on incidents (id) where untold = 1;
-- Not before this is a reminder of it due on any channel; null where it was told to nobody.
alter table incidents add column remind_at integer;
create index incidents_remind on incidents (remind_at)
    where state = 'open' and remind_at is not null;

create table silences (
    id         integer primary key autoincrement,
    -- JSON, as the API takes it.
    matcher    text    not null,
    reason     text    not null,
    author     text    not null,
    created_at integer not null,
    ends_at    integer not null,
    expired_at integer
) strict;
create index silences_active on silences (ends_at) where expired_at is null;

-- Channels that are broken: nothing is sent to them but one try, at `probe_at`.
create table parked (
    channel  text    primary key,
    since    integer not null,
    failure  text    not null,
    detail   text    not null,
    probe_at integer not null
) strict, without rowid;
