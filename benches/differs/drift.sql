-- Seven differences. benches/differs/judge.py knows them by these names.
alter table public."Musician" drop column "phone";                          -- 1 a column is lost
alter table office."Payment" alter column "amount" type numeric(14,4);      -- 2 numeric(12,2) has become numeric(14,4)
alter table public."Rehearsal" alter column "startsAt" drop not null;       -- 3 NOT NULL is lost
drop index office."Contract_musicianId_idx";                                -- 4 an index is lost
drop table public."Absence";                                                -- 5 a table is lost
alter table public."Project" add column "legacyCode" varchar(20);           -- 6 a column too many
create table office."PaymentBackup" ("id" text primary key, "amount" numeric(12,2), "takenAt" timestamp(3));  -- 7 a table too many
