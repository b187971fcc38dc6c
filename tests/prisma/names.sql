-- What Prisma makes of names.prisma: the output of its own schema engine, package schema-engine-wasm
-- 8.1.0-2 (59be4fda), which follows release 7.10.1: `migrate diff --from-empty --script`.

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "order" AS ENUM ('open', 'paid-in-full', 'it_is_gone');

-- CreateEnum
CREATE TYPE "lower_case" AS ENUM ('a', 'b');

-- CreateTable
CREATE TABLE "user" (
    "user_id" SERIAL NOT NULL,
    "full name" TEXT NOT NULL,
    "order" "order" NOT NULL DEFAULT 'paid-in-full',
    "orders" "order"[] DEFAULT ARRAY['open', 'it_is_gone']::"order"[],
    "lower" "lower_case" NOT NULL DEFAULT 'a',
    "group" INTEGER NOT NULL,
    "über" TEXT NOT NULL,

    CONSTRAINT "user_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "it's a table." (
    "id" SERIAL NOT NULL,

    CONSTRAINT "it's a table._pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AModelWithANameThatIsLongEnoughToBeCutByPostgreSQLAtTheEnd" (
    "id" SERIAL NOT NULL,
    "aFieldWithANameThatIsLongEnoughToBeCutByPostgreSQLAtTheEnd" INTEGER,
    "another" INTEGER NOT NULL,

    CONSTRAINT "AModelWithANameThatIsLongEnoughToBeCutByPostgreSQLAtTheEnd_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "üüüüüüüüüüüüüüüüüüüüüüüüüüüüü" (
    "id" INTEGER NOT NULL,
    "äöüäöüäöüäöüäöüäöüäöüäöüäö" SERIAL NOT NULL,

    CONSTRAINT "üüüüüüüüüüüüüüüüüüüüüüüüüüüüü_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "user_full name_key" ON "user"("full name");

-- CreateIndex
CREATE INDEX "user_full name_über_idx" ON "user"("full name", "über");

-- CreateIndex
CREATE UNIQUE INDEX "AModelWithANameThatIsLongEnoughToBeCutByPostgreSQLAtTheEnd__key" ON "AModelWithANameThatIsLongEnoughToBeCutByPostgreSQLAtTheEnd"("aFieldWithANameThatIsLongEnoughToBeCutByPostgreSQLAtTheEnd");

-- CreateIndex
CREATE INDEX "AModelWithANameThatIsLongEnoughToBeCutByPostgreSQLAtTheEnd__idx" ON "AModelWithANameThatIsLongEnoughToBeCutByPostgreSQLAtTheEnd"("another", "aFieldWithANameThatIsLongEnoughToBeCutByPostgreSQLAtTheEnd");

-- CreateIndex
CREATE INDEX "üüüüüüüüüüüüüüüüüüüüüüüüüüüüü__idx" ON "üüüüüüüüüüüüüüüüüüüüüüüüüüüüü"("äöüäöüäöüäöüäöüäöüäöüäöüäö");

-- AddForeignKey
ALTER TABLE "user" ADD CONSTRAINT "user_group_fkey" FOREIGN KEY ("group") REFERENCES "user"("user_id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AModelWithANameThatIsLongEnoughToBeCutByPostgreSQLAtTheEnd" ADD CONSTRAINT "AModelWithANameThatIsLongEnoughToBeCutByPostgreSQLAtTheEnd_fkey" FOREIGN KEY ("aFieldWithANameThatIsLongEnoughToBeCutByPostgreSQLAtTheEnd") REFERENCES "AModelWithANameThatIsLongEnoughToBeCutByPostgreSQLAtTheEnd"("id") ON DELETE SET NULL ON UPDATE CASCADE;
