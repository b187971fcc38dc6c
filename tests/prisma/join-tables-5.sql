-- What Prisma up to 5 made of join-tables-5.prisma: as join-tables.sql, with a unique index `_AB_unique`
-- in place of the primary key of each join table (`JoinTableUniquenessConstraint::UniqueIndex`).

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "Post" (
    "id" SERIAL NOT NULL,

    CONSTRAINT "Post_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "categories" (
    "category_id" VARCHAR(30) NOT NULL,

    CONSTRAINT "categories_pkey" PRIMARY KEY ("category_id")
);

-- CreateTable
CREATE TABLE "Tag" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),

    CONSTRAINT "Tag_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "User" (
    "id" BIGSERIAL NOT NULL,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AVeryLongNameOfAModelThatGoesOnAndOn" (
    "id" INTEGER NOT NULL,

    CONSTRAINT "AVeryLongNameOfAModelThatGoesOnAndOn_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AnotherVeryLongNameOfAModelThatGoesOnAndOn" (
    "id" INTEGER NOT NULL,

    CONSTRAINT "AnotherVeryLongNameOfAModelThatGoesOnAndOn_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "_PostTags" (
    "A" INTEGER NOT NULL,
    "B" UUID NOT NULL
);

-- CreateTable
CREATE TABLE "_edits" (
    "A" INTEGER NOT NULL,
    "B" BIGINT NOT NULL
);

-- CreateTable
CREATE TABLE "_writes" (
    "A" INTEGER NOT NULL,
    "B" BIGINT NOT NULL
);

-- CreateTable
CREATE TABLE "_CategoryToPost" (
    "A" VARCHAR(30) NOT NULL,
    "B" INTEGER NOT NULL
);

-- CreateTable
CREATE TABLE "_follows" (
    "A" BIGINT NOT NULL,
    "B" BIGINT NOT NULL
);

-- CreateTable
CREATE TABLE "_knows" (
    "A" BIGINT NOT NULL,
    "B" BIGINT NOT NULL
);

-- CreateTable
CREATE TABLE "_AVeryLongNameOfAModelThatGoesOnAndOnToAnotherVeryLongNameOfAMo" (
    "A" INTEGER NOT NULL,
    "B" INTEGER NOT NULL
);

-- CreateIndex
CREATE UNIQUE INDEX "_PostTags_AB_unique" ON "_PostTags"("A", "B");

-- CreateIndex
CREATE INDEX "_PostTags_B_index" ON "_PostTags"("B");

-- CreateIndex
CREATE UNIQUE INDEX "_edits_AB_unique" ON "_edits"("A", "B");

-- CreateIndex
CREATE INDEX "_edits_B_index" ON "_edits"("B");

-- CreateIndex
CREATE UNIQUE INDEX "_writes_AB_unique" ON "_writes"("A", "B");

-- CreateIndex
CREATE INDEX "_writes_B_index" ON "_writes"("B");

-- CreateIndex
CREATE UNIQUE INDEX "_CategoryToPost_AB_unique" ON "_CategoryToPost"("A", "B");

-- CreateIndex
CREATE INDEX "_CategoryToPost_B_index" ON "_CategoryToPost"("B");

-- CreateIndex
CREATE UNIQUE INDEX "_follows_AB_unique" ON "_follows"("A", "B");

-- CreateIndex
CREATE INDEX "_follows_B_index" ON "_follows"("B");

-- CreateIndex
CREATE UNIQUE INDEX "_knows_AB_unique" ON "_knows"("A", "B");

-- CreateIndex
CREATE INDEX "_knows_B_index" ON "_knows"("B");

-- CreateIndex
CREATE UNIQUE INDEX "_AVeryLongNameOfAModelThatGoesOnAndOnToAnotherVeryLon_AB_unique" ON "_AVeryLongNameOfAModelThatGoesOnAndOnToAnotherVeryLongNameOfAMo"("A", "B");

-- CreateIndex
CREATE INDEX "_AVeryLongNameOfAModelThatGoesOnAndOnToAnotherVeryLongN_B_index" ON "_AVeryLongNameOfAModelThatGoesOnAndOnToAnotherVeryLongNameOfAMo"("B");

-- AddForeignKey
ALTER TABLE "_PostTags" ADD CONSTRAINT "_PostTags_A_fkey" FOREIGN KEY ("A") REFERENCES "Post"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_PostTags" ADD CONSTRAINT "_PostTags_B_fkey" FOREIGN KEY ("B") REFERENCES "Tag"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_edits" ADD CONSTRAINT "_edits_A_fkey" FOREIGN KEY ("A") REFERENCES "Post"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_edits" ADD CONSTRAINT "_edits_B_fkey" FOREIGN KEY ("B") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_writes" ADD CONSTRAINT "_writes_A_fkey" FOREIGN KEY ("A") REFERENCES "Post"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_writes" ADD CONSTRAINT "_writes_B_fkey" FOREIGN KEY ("B") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_CategoryToPost" ADD CONSTRAINT "_CategoryToPost_A_fkey" FOREIGN KEY ("A") REFERENCES "categories"("category_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_CategoryToPost" ADD CONSTRAINT "_CategoryToPost_B_fkey" FOREIGN KEY ("B") REFERENCES "Post"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_follows" ADD CONSTRAINT "_follows_A_fkey" FOREIGN KEY ("A") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_follows" ADD CONSTRAINT "_follows_B_fkey" FOREIGN KEY ("B") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_knows" ADD CONSTRAINT "_knows_A_fkey" FOREIGN KEY ("A") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_knows" ADD CONSTRAINT "_knows_B_fkey" FOREIGN KEY ("B") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_AVeryLongNameOfAModelThatGoesOnAndOnToAnotherVeryLongNameOfAMo" ADD CONSTRAINT "_AVeryLongNameOfAModelThatGoesOnAndOnToAnotherVeryLongNa_A_fkey" FOREIGN KEY ("A") REFERENCES "AVeryLongNameOfAModelThatGoesOnAndOn"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_AVeryLongNameOfAModelThatGoesOnAndOnToAnotherVeryLongNameOfAMo" ADD CONSTRAINT "_AVeryLongNameOfAModelThatGoesOnAndOnToAnotherVeryLongNa_B_fkey" FOREIGN KEY ("B") REFERENCES "AnotherVeryLongNameOfAModelThatGoesOnAndOn"("id") ON DELETE CASCADE ON UPDATE CASCADE;
