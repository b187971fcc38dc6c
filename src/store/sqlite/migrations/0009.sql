-- What registries last named, and whether they are believed.

create table registries (
    discovery text    primary key,
    -- When it was last read whole; null where it never was.
    read_at   integer,
    tried_at  integer not null,
    -- So many tries in a row could not read it.
    failures  integer not null,
    -- 'shrunk', 'empty' or 'failing'; null where it is believed.
    doubt     text,
    -- Why it could not be read the last time; holds no secret.
    detail    text
) strict, without rowid;

create table registry_tenants (
    discovery text    not null,
    name      text    not null,
    -- 'named'; 'fresh': named first while the registry was not believed; 'gone': kept registered though
    -- the registry does not name it any more; 'fresh and gone'; 'retired': until the registry is read the
    -- next time, so that whoever closes its incidents knows why.
    state     text    not null,
    manifest  text,
    -- JSON.
    labels    text    not null,
    -- JSON of what leads to it, nothing of it secret; null where that is a URL.
    parts     text,
    -- Its URL, encrypted; null where there is no key.
    sealed    blob,
    -- Why its row makes no sense.
    problem   text,
    primary key (discovery, name)
) strict, without rowid;
create index registry_tenants_retired on registry_tenants (name) where state = 'retired';
