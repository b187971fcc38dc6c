-- What pages ask for often: how many relations an audit saw, and what is not resolved, without its facts.

-- Null for an audit of an earlier version, and for one that could not read them.
alter table audits add column relations integer;

create index incidents_at_a_glance on incidents
    (id, kind, subject, state, opened_at, untold, (facts ->> '$.severity')) where state <> 'resolved';
