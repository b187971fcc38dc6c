-- The life of incidents: acknowledgement, flapping, confirmation, servers, and an audit trail.

alter table incidents add column flapping integer not null default 0;
-- Since when complete reads found nothing of it, while it is flapping.
alter table incidents add column clean_since integer;
-- JSON object: fingerprints that went away lately, and when (milliseconds).
alter table incidents add column gone text not null default '{}';
alter table incidents add column acknowledged_by text;
alter table incidents add column acknowledged_at integer;
alter table incidents add column acknowledged_note text;
-- The notification that tells (or, muted, would have told) its last change; null before this version.
alter table incidents add column facts text;
create index incidents_of_subject on incidents (subject, id);

-- What the database lives on, at its last audit.
alter table databases add column server text not null default '';
-- Its labels, as JSON: what an outage of that server is told with.
alter table databases add column labels text not null default '{}';
-- Whether the last audit could not reach that server.
alter table databases add column unreachable integer not null default 0;
-- When the last audit began that reached it.
alter table databases add column reached_at integer;
-- When the first of the `unknown` verdicts in a row ended.
alter table databases add column failing_since integer;
-- Whether the configuration names it.
alter table databases add column registered integer not null default 1;
-- JSON object: fingerprints seen and not yet confirmed, and in how many audits in a row.
alter table databases add column suspects text not null default '{}';
create index databases_of_server on databases (server) where server <> '';

-- The audit trail: every transition of every incident, told or not.
create table incident_events (
    id          integer primary key,
    incident_id integer not null references incidents (id) on delete cascade,
    at          integer not null,
    step        text    not null,
    reason      text    not null,
    -- The name of a token, where a person did it.
    actor       text,
    note        text
) strict;
create index events_of_incident on incident_events (incident_id, id);
