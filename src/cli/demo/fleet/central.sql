-- The 4 tables of prisma/schema.central.prisma, as Prisma writes them.

-- CreateTable
create table "Orchestra" (
    "id" text not null,
    "name" text not null,
    "slug" text not null,
    "databaseUrl" text not null,
    "createdAt" timestamp(3) not null default current_timestamp,
    "updatedAt" timestamp(3) not null default current_timestamp,
    constraint "Orchestra_pkey" primary key ("id")
);

-- CreateTable
create table "User" (
    "id" text not null,
    "email" text not null,
    "passwordHash" text not null,
    "role" text not null default 'admin',
    "orchestraId" text,
    "createdAt" timestamp(3) not null default current_timestamp,
    constraint "User_pkey" primary key ("id")
);

-- CreateTable
create table "Customer" (
    "id" text not null,
    "orchestraId" text not null,
    "company" text not null,
    "invoiceEmail" text not null,
    constraint "Customer_pkey" primary key ("id")
);

-- CreateTable
create table "SystemLog" (
    "id" text not null,
    "level" text not null default 'info',
    "message" text not null,
    "metadata" jsonb,
    "createdAt" timestamp(3) not null default current_timestamp,
    constraint "SystemLog_pkey" primary key ("id")
);

-- CreateIndex
create unique index "Orchestra_slug_key" on "Orchestra"("slug");
create unique index "User_email_key" on "User"("email");
create index "SystemLog_createdAt_idx" on "SystemLog"("createdAt");

-- AddForeignKey
alter table "User" add constraint "User_orchestraId_fkey"
    foreign key ("orchestraId") references "Orchestra"("id") on delete set null on update cascade;
alter table "Customer" add constraint "Customer_orchestraId_fkey"
    foreign key ("orchestraId") references "Orchestra"("id") on delete restrict on update cascade;
