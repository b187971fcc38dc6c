-- What Prisma makes of keys.prisma: the output of its own schema engine, package schema-engine-wasm
-- 8.1.0-2 (59be4fda), which follows release 7.10.1: `migrate diff --from-empty --script`.

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "State" AS ENUM ('OPEN', 'DONE');

-- CreateTable
CREATE TABLE "Single" (
    "id" INTEGER NOT NULL,
    "email" TEXT NOT NULL,
    "phone" TEXT,
    "rank" INTEGER NOT NULL,

    CONSTRAINT "Single_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Named" (
    "id" TEXT NOT NULL,

    CONSTRAINT "the_key" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Composite" (
    "a" INTEGER NOT NULL,
    "b" TEXT NOT NULL,
    "c" INTEGER NOT NULL,

    CONSTRAINT "Composite_pkey" PRIMARY KEY ("b","a")
);

-- CreateTable
CREATE TABLE "CompositeNamed" (
    "a" INTEGER NOT NULL,
    "b" INTEGER NOT NULL,

    CONSTRAINT "composite_named_key" PRIMARY KEY ("a","b")
);

-- CreateTable
CREATE TABLE "OnlyUnique" (
    "token" TEXT NOT NULL
);

-- CreateTable
CREATE TABLE "Indexed" (
    "id" INTEGER NOT NULL,
    "a" TEXT NOT NULL,
    "b" INTEGER NOT NULL,
    "c" TIMESTAMP(3) NOT NULL,
    "json" JSONB NOT NULL,
    "tags" TEXT[],
    "address" INET NOT NULL,
    "document" tsvector,

    CONSTRAINT "Indexed_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Partial" (
    "id" INTEGER NOT NULL,
    "email" TEXT NOT NULL,
    "full_name" TEXT NOT NULL,
    "active" BOOLEAN NOT NULL,
    "count" INTEGER NOT NULL,
    "state" "State" NOT NULL,
    "deleted" TIMESTAMP(3),

    CONSTRAINT "Partial_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Single_email_key" ON "Single"("email");

-- CreateIndex
CREATE UNIQUE INDEX "Single_phone_unique" ON "Single"("phone");

-- CreateIndex
CREATE UNIQUE INDEX "Single_rank_key" ON "Single"("rank" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "Composite_c_a_key" ON "Composite"("c", "a");

-- CreateIndex
CREATE UNIQUE INDEX "composite_abc" ON "Composite"("a", "b", "c");

-- CreateIndex
CREATE UNIQUE INDEX "OnlyUnique_token_key" ON "OnlyUnique"("token");

-- CreateIndex
CREATE INDEX "Indexed_a_idx" ON "Indexed"("a");

-- CreateIndex
CREATE INDEX "Indexed_a_b_idx" ON "Indexed"("a", "b" DESC);

-- CreateIndex
CREATE INDEX "indexed_by_time" ON "Indexed"("c" ASC);

-- CreateIndex
CREATE INDEX "legacy_name" ON "Indexed"("b");

-- CreateIndex
CREATE INDEX "indexed_b_hash" ON "Indexed" USING HASH ("b");

-- CreateIndex
CREATE INDEX "Indexed_json_idx" ON "Indexed" USING GIN ("json");

-- CreateIndex
CREATE INDEX "indexed_json_path" ON "Indexed" USING GIN ("json" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "indexed_json_ops" ON "Indexed" USING GIN ("json" jsonb_ops);

-- CreateIndex
CREATE INDEX "Indexed_tags_idx" ON "Indexed" USING GIN ("tags" array_ops);

-- CreateIndex
CREATE INDEX "Indexed_address_idx" ON "Indexed" USING GIST ("address" inet_ops);

-- CreateIndex
CREATE INDEX "indexed_address_spgist" ON "Indexed" USING SPGIST ("address" inet_ops);

-- CreateIndex
CREATE INDEX "indexed_a_spgist" ON "Indexed" USING SPGIST ("a");

-- CreateIndex
CREATE INDEX "indexed_b_brin" ON "Indexed" USING BRIN ("b");

-- CreateIndex
CREATE INDEX "indexed_b_bloom" ON "Indexed" USING BRIN ("b" int4_bloom_ops);

-- CreateIndex
CREATE INDEX "indexed_c_multi" ON "Indexed" USING BRIN ("c" timestamp_minmax_multi_ops);

-- CreateIndex
CREATE INDEX "indexed_a_pattern" ON "Indexed"("a" text_pattern_ops);

-- CreateIndex
CREATE INDEX "Indexed_document_idx" ON "Indexed" USING GIN ("document");

-- CreateIndex
CREATE UNIQUE INDEX "Indexed_a_b_key" ON "Indexed"("a" DESC, "b");

-- CreateIndex
CREATE UNIQUE INDEX "Partial_email_key" ON "Partial"("email") WHERE (deleted IS NULL);

-- CreateIndex
CREATE INDEX "Partial_full_name_idx" ON "Partial"("full_name") WHERE ("deleted" IS NULL);

-- CreateIndex
CREATE INDEX "Partial_count_idx" ON "Partial"("count") WHERE ("deleted" IS NOT NULL AND "active" = false);

-- CreateIndex
CREATE INDEX "Partial_active_idx" ON "Partial"("active") WHERE ("count" != 5 AND "full_name" = 'it''s');

-- CreateIndex
CREATE INDEX "Partial_state_idx" ON "Partial"("state") WHERE ("state" = 'OPEN');

-- CreateIndex
CREATE UNIQUE INDEX "Partial_full_name_count_key" ON "Partial"("full_name", "count") WHERE ("active" = true);
