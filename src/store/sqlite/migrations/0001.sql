/* migrations.0001 */
-- Times are milliseconds since 1970-01-01 UTC. JSON and words are those of the published forms.

create table meta (
    key   text primary key,
    value integer not null
) strict, without rowid;

-- 1 is added at each start: claims of an earlier process carry an older one.
insert into meta (key, value) values ('epoch', 0);

-- One row a database that was ever audited; never deleted by retention.
create table databases (
    id               integer primary key,
    name             text    not null unique,
    manifest         text    not null,
    verdict          text    not null,
    reason           text,
    audited_at       integer not null,
    duration_us      integer not null,
    findings         integer not null,
    counting         integer not null,
    first_seen_at    integer not null,
    verdict_since    integer not null,
    last_complete_at integer,
    ever_populated   integer not null,
    unknown_streak   integer not null,
    -- The last report without the two fields that differ in each audit; written only when it differs.
    report           text    not null,
    report_hash      blob    not null
) strict;

-- One short row an audit.
create table audits (
    id          integer primary key,
    database_id integer not null references databases (id),
    at          integer not null,
    verdict     text    not null,
    complete    integer not null,
    duration_us integer not null,
    findings    integer not null,
    counting    integer not null,
    report_hash blob    not null,
    reason      text
) strict;
create index audits_of_database on audits (database_id, at);
create index audits_by_time on audits (at);

-- `subject` is the database's name; later kinds put a server, a channel, … there.
create table incidents (
    id           integer primary key autoincrement,
    kind         text    not null,
    subject      text    not null,
    state        text    not null check (state in ('open', 'acknowledged', 'resolved')),
    opened_at    integer not null,
    changed_at   integer not null,
    resolved_at  integer,
    -- Why it went the way it last went.
    reason       text    not null,
    -- JSON array of hex, sorted: all of them.
    fingerprints text    not null,
    -- JSON array, as notifications spell them; at most notification::FINDINGS_MAX.
    findings     text    not null
) strict;
-- Short and stable ids: SW-1001 is the first.
insert into sqlite_sequence (name, seq) values ('incidents', 1000);
create unique index incidents_one_open on incidents (subject, kind) where state <> 'resolved';
create index incidents_resolved on incidents (resolved_at) where state = 'resolved';

-- One message in the outbox. `seq` keeps the order of creation; `id` is what receivers see.
create table deliveries (
    seq         integer primary key,
    id          text    not null unique,
    channel     text    not null,
    state       text    not null check (state in ('pending', 'sending', 'delivered', 'abandoned')),
    created_at  integer not null,
    due_at      integer not null,
    -- Of the claim, while sending.
    lease_until integer,
    epoch       integer,
    attempts    integer not null default 0,
    -- 1: the receiver refused the full message.
    minimal     integer not null default 0,
    ended_at    integer,
    -- Of the last attempt.
    failure     text,
    detail      text
) strict;
create index deliveries_unfinished on deliveries (channel, due_at)
    where state in ('pending', 'sending');
create index deliveries_ended on deliveries (ended_at) where ended_at is not null;
create index deliveries_abandoned on deliveries (state) where state = 'abandoned';

-- What one incident has to say to one channel. Many may share one delivery; one without a delivery
-- waits for the grouper.
create table notifications (
    id          integer primary key,
    incident_id integer not null references incidents (id),
    channel     text    not null,
    type        text    not null,
    reason      text    not null,
    created_at  integer not null,
    body        text    not null,
    delivery_id text    references deliveries (id)
) strict;
create index notifications_of_incident on notifications (incident_id, channel, id);
create index notifications_of_delivery on notifications (delivery_id);

-- Unfinished deliveries whose turn it is: no earlier notification of one of their incidents, on the
-- same channel, is unfinished or still without a delivery.
create view deliveries_in_turn as
    select * from deliveries d
    where d.state in ('pending', 'sending') and not exists (
        select 1 from notifications n
        join notifications e
            on e.incident_id = n.incident_id and e.channel = n.channel and e.id < n.id
        left join deliveries ed on ed.id = e.delivery_id
        where n.delivery_id = d.id and e.delivery_id is not d.id
            and (ed.state is null or ed.state in ('pending', 'sending'))
    );

-- One try.
create table attempts (
    id          integer primary key,
    delivery_id text    not null references deliveries (id) on delete cascade,
    number      integer not null,
    at          integer not null,
    duration_ms integer not null,
    outcome     text    not null,
    failure     text,
    detail      text    not null
) strict;
create index attempts_of_delivery on attempts (delivery_id, number);
