-- The outbox by what is due, so that a pass costs as much as that and not as what waits.

drop index deliveries_unfinished;
create index deliveries_pending on deliveries (channel, due_at) where state = 'pending';
create index deliveries_sending on deliveries (channel, lease_until) where state = 'sending';
-- By age: for the one try of a parked channel, and for what a status says.
create index deliveries_waiting on deliveries (channel, created_at)
    where state in ('pending', 'sending');
