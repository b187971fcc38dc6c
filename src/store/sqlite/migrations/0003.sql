-- Telling: groups, silences, parked channels.

-- How the notification is gathered on its channel; '' before this version.
alter table notifications add column group_key text not null default '';
alter table notifications add column group_wait_ms integer not null default 0;
alter table notifications add column group_interval_ms integer not null default 0;
-- The incident that leads the message in which this one was first told there, `SW-1042`.
alter table notifications add column thread text;
create index notifications_waiting on notifications (channel, group_key, id) where delivery_id is null;

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

-- Channels that are broken: nothing is sent to them but one try an hour.
create table parked (
    channel text    primary key,
    since   integer not null,
    failure text    not null,
    detail  text    not null
) strict, without rowid;
