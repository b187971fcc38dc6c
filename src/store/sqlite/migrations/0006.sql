-- Channels whose messages do not arrive, and what nobody else was told meanwhile.

-- Since when everything that is sent to a channel fails, though nobody says that the channel itself
-- is wrong. One row a way of sending: 'delivery', or 'resend' (an Alertmanager is told again of what
-- is open).
create table failing (
    channel text    not null,
    way     text    not null,
    since   integer not null,
    -- Of the last try.
    failure text    not null,
    detail  text    not null,
    primary key (channel, way)
) strict, without rowid;

-- How many incidents that no other channel was told of the incident about a channel spoke of, and
-- when it last did.
create table unheard (
    channel   text    primary key,
    incidents integer not null,
    told_at   integer not null
) strict, without rowid;
