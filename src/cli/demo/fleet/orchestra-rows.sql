-- An orchestra of {musicians} musicians with {projects} projects.
insert into "Instrument" ("id", "name", "displayOrder")
    select 'instrument_' || n, name, n
    from unnest(array['Violin', 'Viola', 'Cello', 'Double bass', 'Flute', 'Oboe', 'Clarinet', 'Bassoon',
        'Horn', 'Trumpet', 'Trombone', 'Tuba', 'Timpani', 'Harp']) with ordinality as it (name, n);
insert into "Position" ("id", "name", "instrumentId", "hierarchyLevel")
    select 'position_' || n, 'Tutti', 'instrument_' || n, 1 from generate_series(1, 14) n;
insert into "Venue" ("id", "name") values ('venue_1', 'Concert hall');
insert into "Musician" ("id", "firstName", "lastName", "email")
    select 'musician_' || n, 'Musician', n::text, 'musician' || n || '@example.com'
    from generate_series(1, {musicians}) n;
insert into "MusicianInstrument" ("id", "musicianId", "instrumentId", "isPrimary")
    select 'mi_' || n, 'musician_' || n, 'instrument_' || 1 + n % 14, true
    from generate_series(1, {musicians}) n;
insert into "Project" ("id", "name", "startDate", "weekNumber")
    select 'project_' || n, 'Week ' || n, timestamp '2025-01-06' + n * interval '7 days', n
    from generate_series(1, {projects}) n;
insert into "Concert" ("id", "projectId", "venueId", "startsAt")
    select 'concert_' || n, 'project_' || n, 'venue_1',
        timestamp '2025-01-10 19:00' + n * interval '7 days'
    from generate_series(1, {projects}) n;
insert into "Setting" ("id", "key", "value") values ('setting_1', 'language', 'sv');
