-- What Prisma makes of the folder: the output of its own schema engine, package schema-engine-wasm
-- 8.1.0-2 (59be4fda), which follows release 7.10.1: `migrate diff --from-empty --script`.

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "Voice" AS ENUM ('HIGH', 'LOW');

-- CreateTable
CREATE TABLE "Choir" (
    "id" SERIAL NOT NULL,

    CONSTRAINT "Choir_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Singer" (
    "id" SERIAL NOT NULL,
    "voice" "Voice" NOT NULL,

    CONSTRAINT "Singer_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "_ChoirToSinger" (
    "A" INTEGER NOT NULL,
    "B" INTEGER NOT NULL,

    CONSTRAINT "_ChoirToSinger_AB_pkey" PRIMARY KEY ("A","B")
);

-- CreateIndex
CREATE INDEX "_ChoirToSinger_B_index" ON "_ChoirToSinger"("B");

-- AddForeignKey
ALTER TABLE "_ChoirToSinger" ADD CONSTRAINT "_ChoirToSinger_A_fkey" FOREIGN KEY ("A") REFERENCES "Choir"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_ChoirToSinger" ADD CONSTRAINT "_ChoirToSinger_B_fkey" FOREIGN KEY ("B") REFERENCES "Singer"("id") ON DELETE CASCADE ON UPDATE CASCADE;
