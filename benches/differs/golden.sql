-- The 25 tables of the incident's fleet, with columns, keys, checks and indexes as an application would have them:
-- 20 in the schema public, 5 in the schema office. Mixed-case names, as Prisma creates them.
create schema office;

create table "Orchestra" (
  "id" text primary key,
  "name" text not null,
  "slug" varchar(63) not null,
  "databaseUrl" text not null,
  "active" boolean not null default true,
  "createdAt" timestamp(3) not null default current_timestamp,
  constraint "Orchestra_slug_check" check ("slug" ~ '^[a-z0-9-]+$')
);
create unique index "Orchestra_slug_key" on "Orchestra" ("slug");

create table "User" (
  "id" text primary key,
  "email" varchar(320) not null,
  "passwordHash" text not null,
  "role" text not null default 'member',
  "orchestraId" text,
  "lastLoginAt" timestamptz(6),
  "createdAt" timestamp(3) not null default current_timestamp,
  constraint "User_role_check" check ("role" in ('member', 'admin', 'superadmin')),
  constraint "User_orchestraId_fkey" foreign key ("orchestraId") references "Orchestra" ("id") on update cascade on delete set null
);
create unique index "User_email_key" on "User" ("email");
create index "User_orchestraId_idx" on "User" ("orchestraId");

create table "Customer" (
  "id" text primary key,
  "orchestraId" text not null references "Orchestra" ("id") on update cascade on delete restrict,
  "company" text not null,
  "vatId" varchar(20),
  "billingAddress" jsonb not null default '{}',
  "createdAt" timestamp(3) not null default current_timestamp
);
create index "Customer_orchestraId_idx" on "Customer" ("orchestraId");

create table "SystemLog" (
  "id" bigint generated always as identity primary key,
  "level" text not null default 'info',
  "message" text not null,
  "userId" text references "User" ("id") on update cascade on delete set null,
  "context" jsonb,
  "createdAt" timestamptz(6) not null default now(),
  constraint "SystemLog_level_check" check ("level" in ('debug', 'info', 'warn', 'error'))
);
create index "SystemLog_createdAt_idx" on "SystemLog" ("createdAt" desc);
create index "SystemLog_userId_idx" on "SystemLog" ("userId") where "userId" is not null;

create table "Section" (
  "id" serial primary key,
  "name" text not null,
  "sortOrder" integer not null default 0,
  constraint "Section_name_key" unique ("name")
);

create table "Instrument" (
  "id" serial primary key,
  "name" text not null,
  "abbreviation" varchar(10),
  "sectionId" integer not null references "Section" ("id") on update cascade on delete restrict,
  constraint "Instrument_name_key" unique ("name")
);
create index "Instrument_sectionId_idx" on "Instrument" ("sectionId");

create table "Position" (
  "id" serial primary key,
  "instrumentId" integer not null references "Instrument" ("id") on update cascade on delete cascade,
  "title" text not null,
  "level" smallint not null default 1,
  "sortOrder" integer not null default 0,
  constraint "Position_level_check" check ("level" between 1 and 9)
);
create unique index "Position_instrumentId_title_key" on "Position" ("instrumentId", "title");

create table "Musician" (
  "id" text primary key,
  "firstName" text not null,
  "lastName" text not null,
  "email" varchar(320),
  "phone" varchar(40),
  "street" text,
  "city" text,
  "zip" varchar(12),
  "active" boolean not null default true,
  "rating" double precision not null default 0,
  "tags" text[] not null default '{}',
  "createdAt" timestamp(3) not null default current_timestamp,
  "updatedAt" timestamp(3) not null
);
create unique index "Musician_email_key" on "Musician" ("email");
create index "Musician_lastName_firstName_idx" on "Musician" ("lastName", "firstName");

create table "MusicianQualification" (
  "id" text primary key,
  "musicianId" text not null references "Musician" ("id") on update cascade on delete cascade,
  "positionId" integer not null references "Position" ("id") on update cascade on delete restrict,
  "grantedOn" date not null default current_date,
  "note" text
);
create unique index "MusicianQualification_musicianId_positionId_key" on "MusicianQualification" ("musicianId", "positionId");

create table "MusicianInstrument" (
  "musicianId" text not null references "Musician" ("id") on update cascade on delete cascade,
  "instrumentId" integer not null references "Instrument" ("id") on update cascade on delete restrict,
  "isPrimary" boolean not null default false,
  primary key ("musicianId", "instrumentId")
);
create index "MusicianInstrument_instrumentId_idx" on "MusicianInstrument" ("instrumentId");

create table "Venue" (
  "id" text primary key,
  "name" text not null,
  "address" text,
  "capacity" integer,
  "latitude" numeric(9,6),
  "longitude" numeric(9,6),
  constraint "Venue_capacity_check" check ("capacity" is null or "capacity" > 0)
);
create index "Venue_name_idx" on "Venue" (lower("name"));

create table "Project" (
  "id" text primary key,
  "name" text not null,
  "description" text,
  "startsOn" date not null,
  "endsOn" date not null,
  "status" text not null default 'draft',
  "budget" numeric(12,2) not null default 0,
  "createdAt" timestamp(3) not null default current_timestamp,
  "updatedAt" timestamp(3) not null,
  constraint "Project_dates_check" check ("endsOn" >= "startsOn"),
  constraint "Project_status_check" check ("status" in ('draft', 'planned', 'done', 'cancelled'))
);
create index "Project_startsOn_idx" on "Project" ("startsOn");

create table "ProjectNeed" (
  "id" text primary key,
  "projectId" text not null references "Project" ("id") on update cascade on delete cascade,
  "positionId" integer not null references "Position" ("id") on update cascade on delete restrict,
  "quantity" integer not null default 1,
  "fee" numeric(12,2),
  constraint "ProjectNeed_quantity_check" check ("quantity" > 0)
);
create unique index "ProjectNeed_projectId_positionId_key" on "ProjectNeed" ("projectId", "positionId");

create table "Rehearsal" (
  "id" text primary key,
  "projectId" text not null references "Project" ("id") on update cascade on delete cascade,
  "venueId" text references "Venue" ("id") on update cascade on delete set null,
  "startsAt" timestamptz(6) not null,
  "endsAt" timestamptz(6),
  "note" text
);
create index "Rehearsal_projectId_startsAt_idx" on "Rehearsal" ("projectId", "startsAt");

create table "Concert" (
  "id" text primary key,
  "projectId" text not null references "Project" ("id") on update cascade on delete cascade,
  "venueId" text not null references "Venue" ("id") on update cascade on delete restrict,
  "startsAt" timestamptz(6) not null,
  "title" text not null,
  "ticketPrice" numeric(8,2) not null default 0.00,
  constraint "Concert_ticketPrice_check" check ("ticketPrice" >= 0)
);
create index "Concert_venueId_startsAt_idx" on "Concert" ("venueId", "startsAt");

create table "RankingList" (
  "id" text primary key,
  "name" text not null,
  "positionId" integer not null references "Position" ("id") on update cascade on delete restrict,
  "createdAt" timestamp(3) not null default current_timestamp
);

create table "Ranking" (
  "id" text primary key,
  "listId" text not null references "RankingList" ("id") on update cascade on delete cascade,
  "musicianId" text not null references "Musician" ("id") on update cascade on delete cascade,
  "rank" integer not null,
  constraint "Ranking_rank_check" check ("rank" > 0)
);
create unique index "Ranking_listId_musicianId_key" on "Ranking" ("listId", "musicianId");

create table "Request" (
  "id" text primary key,
  "projectNeedId" text not null references "ProjectNeed" ("id") on update cascade on delete cascade,
  "musicianId" text not null references "Musician" ("id") on update cascade on delete restrict,
  "status" text not null default 'pending',
  "sentAt" timestamptz(6),
  "answeredAt" timestamptz(6),
  constraint "Request_status_check" check ("status" in ('pending', 'accepted', 'declined', 'expired'))
);
create index "Request_musicianId_status_idx" on "Request" ("musicianId", "status");

create table "RequestToken" (
  "token" uuid primary key default gen_random_uuid(),
  "requestId" text not null references "Request" ("id") on update cascade on delete cascade,
  "expiresAt" timestamptz(6) not null default (now() + interval '14 days'),
  "usedAt" timestamptz(6)
);
create index "RequestToken_requestId_idx" on "RequestToken" ("requestId");

create table "Absence" (
  "id" text primary key,
  "musicianId" text not null references "Musician" ("id") on update cascade on delete cascade,
  "fromDate" date not null,
  "toDate" date not null,
  "reason" text,
  constraint "Absence_dates_check" check ("toDate" >= "fromDate")
);
create index "Absence_musicianId_idx" on "Absence" ("musicianId");

create table office."EmailTemplate" (
  "id" serial primary key,
  "key" varchar(80) not null,
  "subject" text not null,
  "body" text not null,
  "language" char(2) not null default 'de',
  constraint "EmailTemplate_key_language_key" unique ("key", "language")
);

create table office."CommunicationLog" (
  "id" bigserial primary key,
  "musicianId" text references public."Musician" ("id") on update cascade on delete set null,
  "templateId" integer references office."EmailTemplate" ("id") on update cascade on delete set null,
  "channel" text not null default 'email',
  "payload" jsonb not null default '{}',
  "sentAt" timestamptz(6) not null default now()
);
create index "CommunicationLog_musicianId_sentAt_idx" on office."CommunicationLog" ("musicianId", "sentAt" desc);

create table office."Contract" (
  "id" text primary key,
  "musicianId" text not null references public."Musician" ("id") on update cascade on delete restrict,
  "projectId" text not null references public."Project" ("id") on update cascade on delete restrict,
  "fee" numeric(12,2) not null,
  "signedAt" timestamptz(6),
  "document" bytea,
  constraint "Contract_fee_check" check ("fee" >= 0)
);
create unique index "Contract_projectId_musicianId_key" on office."Contract" ("projectId", "musicianId");
create index "Contract_musicianId_idx" on office."Contract" ("musicianId");

create table office."Payment" (
  "id" text primary key,
  "contractId" text not null references office."Contract" ("id") on update cascade on delete restrict,
  "amount" numeric(12,2) not null,
  "currency" char(3) not null default 'EUR',
  "paidOn" date,
  "reference" text,
  constraint "Payment_amount_check" check ("amount" > 0)
);
create index "Payment_contractId_idx" on office."Payment" ("contractId");

create table office."Setting" (
  "key" text primary key,
  "value" jsonb not null,
  "description" text,
  "updatedAt" timestamp(3) not null default current_timestamp
);
