-- What Prisma makes of relations.prisma: the output of its own schema engine, package schema-engine-wasm
-- 8.1.0-2 (59be4fda), which follows release 7.10.1: `migrate diff --from-empty --script`.

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "Author" (
    "id" SERIAL NOT NULL,
    "tenant" INTEGER NOT NULL,
    "number" VARCHAR(10) NOT NULL,
    "code" TEXT NOT NULL,

    CONSTRAINT "Author_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Profile" (
    "id" INTEGER NOT NULL,
    "authorId" INTEGER,

    CONSTRAINT "Profile_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Post" (
    "id" INTEGER NOT NULL,
    "authorId" INTEGER NOT NULL,
    "reviewer_id" INTEGER,

    CONSTRAINT "Post_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Note" (
    "id" INTEGER NOT NULL,
    "tenant" INTEGER,
    "number" VARCHAR(10) NOT NULL,

    CONSTRAINT "Note_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Actions" (
    "id" INTEGER NOT NULL,
    "x1" TEXT NOT NULL,
    "x2" TEXT,
    "x3" TEXT NOT NULL,
    "x4" TEXT,
    "x5" TEXT NOT NULL DEFAULT 'x',

    CONSTRAINT "Actions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Node" (
    "id" INTEGER NOT NULL,
    "parentId" INTEGER,
    "nextId" INTEGER,

    CONSTRAINT "Node_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "legacy" (
    "id" INTEGER NOT NULL,
    "legacy_secret" TEXT NOT NULL,
    "nodeId" INTEGER NOT NULL,

    CONSTRAINT "legacy_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Link" (
    "id" INTEGER NOT NULL,
    "legacyId" INTEGER NOT NULL,
    "hidden" TEXT NOT NULL,

    CONSTRAINT "Link_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Author_code_key" ON "Author"("code");

-- CreateIndex
CREATE UNIQUE INDEX "Author_tenant_number_key" ON "Author"("tenant", "number");

-- CreateIndex
CREATE UNIQUE INDEX "Profile_authorId_key" ON "Profile"("authorId");

-- CreateIndex
CREATE UNIQUE INDEX "Node_nextId_key" ON "Node"("nextId");

-- CreateIndex
CREATE UNIQUE INDEX "legacy_nodeId_key" ON "legacy"("nodeId");

-- CreateIndex
CREATE UNIQUE INDEX "Link_legacyId_key" ON "Link"("legacyId");

-- AddForeignKey
ALTER TABLE "Profile" ADD CONSTRAINT "Profile_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "Author"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "Author"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Post" ADD CONSTRAINT "Post_reviewer_id_fkey" FOREIGN KEY ("reviewer_id") REFERENCES "Author"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Note" ADD CONSTRAINT "Note_number_tenant_fkey" FOREIGN KEY ("number", "tenant") REFERENCES "Author"("number", "tenant") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Actions" ADD CONSTRAINT "Actions_x1_fkey" FOREIGN KEY ("x1") REFERENCES "Author"("code") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "Actions" ADD CONSTRAINT "Actions_x2_fkey" FOREIGN KEY ("x2") REFERENCES "Author"("code") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "Actions" ADD CONSTRAINT "actions_three" FOREIGN KEY ("x3") REFERENCES "Author"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Actions" ADD CONSTRAINT "Actions_x4_fkey" FOREIGN KEY ("x4") REFERENCES "Author"("code") ON DELETE SET NULL ON UPDATE SET NULL;

-- AddForeignKey
ALTER TABLE "Actions" ADD CONSTRAINT "Actions_x5_fkey" FOREIGN KEY ("x5") REFERENCES "Author"("code") ON DELETE SET DEFAULT ON UPDATE SET DEFAULT;

-- AddForeignKey
ALTER TABLE "Node" ADD CONSTRAINT "Node_parentId_fkey" FOREIGN KEY ("parentId") REFERENCES "Node"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Node" ADD CONSTRAINT "Node_nextId_fkey" FOREIGN KEY ("nextId") REFERENCES "Node"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Link" ADD CONSTRAINT "Link_legacyId_fkey" FOREIGN KEY ("legacyId") REFERENCES "legacy"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
