-- The 21 tables of prisma/schema.orchestra.prisma, as Prisma writes them.

-- CreateTable
create table "Musician" (
    "id" text not null,
    "firstName" text not null,
    "lastName" text not null,
    "email" text not null,
    "phone" text,
    "isActive" boolean not null default true,
    "createdAt" timestamp(3) not null default current_timestamp,
    "updatedAt" timestamp(3) not null default current_timestamp,
    constraint "Musician_pkey" primary key ("id")
);

-- CreateTable
create table "Instrument" (
    "id" text not null,
    "name" text not null,
    "displayOrder" integer,
    constraint "Instrument_pkey" primary key ("id")
);

-- CreateTable
create table "Position" (
    "id" text not null,
    "name" text not null,
    "instrumentId" text not null,
    "hierarchyLevel" integer not null,
    constraint "Position_pkey" primary key ("id")
);

-- CreateTable
create table "MusicianQualification" (
    "id" text not null,
    "musicianId" text not null,
    "positionId" text not null,
    constraint "MusicianQualification_pkey" primary key ("id")
);

-- CreateTable
create table "MusicianInstrument" (
    "id" text not null,
    "musicianId" text not null,
    "instrumentId" text not null,
    "isPrimary" boolean not null default false,
    constraint "MusicianInstrument_pkey" primary key ("id")
);

-- CreateTable
create table "Project" (
    "id" text not null,
    "name" text not null,
    "startDate" timestamp(3) not null,
    "weekNumber" integer not null,
    "notes" text,
    "createdAt" timestamp(3) not null default current_timestamp,
    constraint "Project_pkey" primary key ("id")
);

-- CreateTable
create table "ProjectNeed" (
    "id" text not null,
    "projectId" text not null,
    "positionId" text not null,
    "quantity" integer not null,
    "maxRecipients" integer,
    constraint "ProjectNeed_pkey" primary key ("id")
);

-- CreateTable
create table "Rehearsal" (
    "id" text not null,
    "projectId" text not null,
    "venueId" text,
    "startsAt" timestamp(3) not null,
    "endsAt" timestamp(3) not null,
    constraint "Rehearsal_pkey" primary key ("id")
);

-- CreateTable
create table "Concert" (
    "id" text not null,
    "projectId" text not null,
    "venueId" text not null,
    "startsAt" timestamp(3) not null,
    constraint "Concert_pkey" primary key ("id")
);

-- CreateTable
create table "Venue" (
    "id" text not null,
    "name" text not null,
    "address" text,
    constraint "Venue_pkey" primary key ("id")
);

-- CreateTable
create table "Request" (
    "id" text not null,
    "projectNeedId" text not null,
    "musicianId" text not null,
    "status" text not null default 'pending',
    "sentAt" timestamp(3) not null default current_timestamp,
    "respondedAt" timestamp(3),
    constraint "Request_pkey" primary key ("id")
);

-- CreateTable
create table "RequestToken" (
    "id" text not null,
    "requestId" text not null,
    "token" text not null,
    "expiresAt" timestamp(3) not null,
    "usedAt" timestamp(3),
    constraint "RequestToken_pkey" primary key ("id")
);

-- CreateTable
create table "CommunicationLog" (
    "id" text not null,
    "requestId" text,
    "kind" text not null,
    "recipient" text not null,
    "createdAt" timestamp(3) not null default current_timestamp,
    constraint "CommunicationLog_pkey" primary key ("id")
);

-- CreateTable
create table "EmailTemplate" (
    "id" text not null,
    "kind" text not null,
    "subject" text not null,
    "body" text not null,
    "variables" jsonb,
    constraint "EmailTemplate_pkey" primary key ("id")
);

-- CreateTable
create table "RankingList" (
    "id" text not null,
    "instrumentId" text not null,
    "positionId" text not null,
    "listType" text not null,
    constraint "RankingList_pkey" primary key ("id")
);

-- CreateTable
create table "Ranking" (
    "id" text not null,
    "listId" text not null,
    "musicianId" text not null,
    "rank" integer not null,
    constraint "Ranking_pkey" primary key ("id")
);

-- CreateTable
create table "Section" (
    "id" text not null,
    "name" text not null,
    "leaderId" text,
    constraint "Section_pkey" primary key ("id")
);

-- CreateTable
create table "Contract" (
    "id" text not null,
    "musicianId" text not null,
    "percentage" integer not null default 100,
    "validFrom" date not null,
    "validTo" date,
    constraint "Contract_pkey" primary key ("id")
);

-- CreateTable
create table "Payment" (
    "id" text not null,
    "contractId" text not null,
    "amount" decimal(10,2) not null,
    "paidAt" timestamp(3),
    constraint "Payment_pkey" primary key ("id")
);

-- CreateTable
create table "Absence" (
    "id" text not null,
    "musicianId" text not null,
    "fromDate" date not null,
    "toDate" date not null,
    "reason" text,
    constraint "Absence_pkey" primary key ("id")
);

-- CreateTable
create table "Setting" (
    "id" text not null,
    "key" text not null,
    "value" text not null,
    "updatedAt" timestamp(3) not null default current_timestamp,
    constraint "Setting_pkey" primary key ("id")
);

-- CreateIndex
create unique index "Musician_email_key" on "Musician"("email");
create unique index "Instrument_name_key" on "Instrument"("name");
create unique index "RequestToken_token_key" on "RequestToken"("token");
create unique index "RequestToken_requestId_key" on "RequestToken"("requestId");
create unique index "EmailTemplate_kind_key" on "EmailTemplate"("kind");
create unique index "Setting_key_key" on "Setting"("key");
create unique index "MusicianQualification_musicianId_positionId_key"
    on "MusicianQualification"("musicianId", "positionId");
create unique index "MusicianInstrument_musicianId_instrumentId_key"
    on "MusicianInstrument"("musicianId", "instrumentId");
create unique index "Ranking_listId_musicianId_key"
    on "Ranking"("listId", "musicianId");

-- AddForeignKey
alter table "Position" add constraint "Position_instrumentId_fkey"
    foreign key ("instrumentId") references "Instrument"("id") on delete restrict on update cascade;
alter table "MusicianQualification" add constraint "MusicianQualification_musicianId_fkey"
    foreign key ("musicianId") references "Musician"("id") on delete restrict on update cascade;
alter table "MusicianQualification" add constraint "MusicianQualification_positionId_fkey"
    foreign key ("positionId") references "Position"("id") on delete restrict on update cascade;
alter table "MusicianInstrument" add constraint "MusicianInstrument_musicianId_fkey"
    foreign key ("musicianId") references "Musician"("id") on delete restrict on update cascade;
alter table "MusicianInstrument" add constraint "MusicianInstrument_instrumentId_fkey"
    foreign key ("instrumentId") references "Instrument"("id") on delete restrict on update cascade;
alter table "ProjectNeed" add constraint "ProjectNeed_projectId_fkey"
    foreign key ("projectId") references "Project"("id") on delete restrict on update cascade;
alter table "ProjectNeed" add constraint "ProjectNeed_positionId_fkey"
    foreign key ("positionId") references "Position"("id") on delete restrict on update cascade;
alter table "Rehearsal" add constraint "Rehearsal_projectId_fkey"
    foreign key ("projectId") references "Project"("id") on delete restrict on update cascade;
alter table "Rehearsal" add constraint "Rehearsal_venueId_fkey"
    foreign key ("venueId") references "Venue"("id") on delete set null on update cascade;
alter table "Concert" add constraint "Concert_projectId_fkey"
    foreign key ("projectId") references "Project"("id") on delete restrict on update cascade;
alter table "Concert" add constraint "Concert_venueId_fkey"
    foreign key ("venueId") references "Venue"("id") on delete restrict on update cascade;
alter table "Request" add constraint "Request_projectNeedId_fkey"
    foreign key ("projectNeedId") references "ProjectNeed"("id") on delete restrict on update cascade;
alter table "Request" add constraint "Request_musicianId_fkey"
    foreign key ("musicianId") references "Musician"("id") on delete restrict on update cascade;
alter table "RequestToken" add constraint "RequestToken_requestId_fkey"
    foreign key ("requestId") references "Request"("id") on delete restrict on update cascade;
alter table "CommunicationLog" add constraint "CommunicationLog_requestId_fkey"
    foreign key ("requestId") references "Request"("id") on delete set null on update cascade;
alter table "RankingList" add constraint "RankingList_instrumentId_fkey"
    foreign key ("instrumentId") references "Instrument"("id") on delete restrict on update cascade;
alter table "RankingList" add constraint "RankingList_positionId_fkey"
    foreign key ("positionId") references "Position"("id") on delete restrict on update cascade;
alter table "Ranking" add constraint "Ranking_listId_fkey"
    foreign key ("listId") references "RankingList"("id") on delete restrict on update cascade;
alter table "Ranking" add constraint "Ranking_musicianId_fkey"
    foreign key ("musicianId") references "Musician"("id") on delete restrict on update cascade;
alter table "Section" add constraint "Section_leaderId_fkey"
    foreign key ("leaderId") references "Musician"("id") on delete set null on update cascade;
alter table "Contract" add constraint "Contract_musicianId_fkey"
    foreign key ("musicianId") references "Musician"("id") on delete restrict on update cascade;
alter table "Payment" add constraint "Payment_contractId_fkey"
    foreign key ("contractId") references "Contract"("id") on delete restrict on update cascade;
alter table "Absence" add constraint "Absence_musicianId_fkey"
    foreign key ("musicianId") references "Musician"("id") on delete restrict on update cascade;
