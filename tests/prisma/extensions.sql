-- What Prisma makes of extensions.prisma: the output of its own schema engine, package schema-engine-wasm
-- 8.1.0-2 (59be4fda), which follows release 7.10.1: `migrate diff --from-empty --script`.

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateExtension
CREATE EXTENSION IF NOT EXISTS "citext";

-- CreateExtension
CREATE EXTENSION IF NOT EXISTS "hstore" WITH VERSION "1.8";

-- CreateExtension
CREATE EXTENSION IF NOT EXISTS "pg_trgm" WITH SCHEMA "public";

-- CreateTable
CREATE TABLE "User" (
    "id" INTEGER NOT NULL,
    "email" CITEXT NOT NULL,
    "name" CITEXT NOT NULL DEFAULT 'nobody',

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");

-- CreateIndex
CREATE INDEX "user_name_trigrams" ON "User" USING GIN ("name" gin_trgm_ops);
