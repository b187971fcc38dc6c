-- What Prisma makes of types.prisma: the output of its own schema engine, package schema-engine-wasm
-- 8.1.0-2 (59be4fda), which follows release 7.10.1: `migrate diff --from-empty --script`.

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "Plain" (
    "id" INTEGER NOT NULL,
    "text" TEXT NOT NULL,
    "flag" BOOLEAN NOT NULL,
    "number" INTEGER NOT NULL,
    "big" BIGINT NOT NULL,
    "float" DOUBLE PRECISION NOT NULL,
    "decimal" DECIMAL(65,30) NOT NULL,
    "moment" TIMESTAMP(3) NOT NULL,
    "json" JSONB NOT NULL,
    "bytes" BYTEA NOT NULL,
    "updatedAt" TIMESTAMP(3) NOT NULL,
    "textQ" TEXT,
    "flagQ" BOOLEAN,
    "numberQ" INTEGER,
    "bigQ" BIGINT,
    "floatQ" DOUBLE PRECISION,
    "decimalQ" DECIMAL(65,30),
    "momentQ" TIMESTAMP(3),
    "jsonQ" JSONB,
    "bytesQ" BYTEA,

    CONSTRAINT "Plain_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Lists" (
    "id" INTEGER NOT NULL,
    "texts" TEXT[],
    "flags" BOOLEAN[],
    "numbers" INTEGER[],
    "bigs" BIGINT[],
    "floats" DOUBLE PRECISION[],
    "decimals" DECIMAL(65,30)[],
    "moments" TIMESTAMP(3)[],
    "jsons" JSONB[],
    "byteses" BYTEA[],
    "varchars" VARCHAR(40)[],
    "times" TIME(2)[],
    "uuids" UUID[],

    CONSTRAINT "Lists_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Native" (
    "id" SMALLINT NOT NULL,
    "smallint" SMALLINT NOT NULL,
    "integer" INTEGER NOT NULL,
    "oid" OID NOT NULL,
    "bigint" BIGINT NOT NULL,
    "decimal" DECIMAL NOT NULL,
    "decimal102" DECIMAL(10,2) NOT NULL,
    "money" MONEY NOT NULL,
    "real" REAL NOT NULL,
    "double" DOUBLE PRECISION NOT NULL,
    "text" TEXT NOT NULL,
    "varchar" VARCHAR NOT NULL,
    "varchar20" VARCHAR(20) NOT NULL,
    "char" CHAR NOT NULL,
    "char3" CHAR(3) NOT NULL,
    "bit" BIT NOT NULL,
    "bit8" BIT(8) NOT NULL,
    "varbit" VARBIT NOT NULL,
    "varbit8" VARBIT(8) NOT NULL,
    "uuid" UUID NOT NULL,
    "xml" XML NOT NULL,
    "inet" INET NOT NULL,
    "bytea" BYTEA NOT NULL,
    "timestamp" TIMESTAMP NOT NULL,
    "timestamp6" TIMESTAMP(6) NOT NULL,
    "timestamptz" TIMESTAMPTZ NOT NULL,
    "timestamptz0" TIMESTAMPTZ(0) NOT NULL,
    "timestamptz3" TIMESTAMPTZ(3) NOT NULL,
    "date" DATE NOT NULL,
    "time" TIME NOT NULL,
    "time3" TIME(3) NOT NULL,
    "timetz" TIMETZ NOT NULL,
    "timetz6" TIMETZ(6) NOT NULL,
    "boolean" BOOLEAN NOT NULL,
    "json" JSON NOT NULL,
    "jsonb" JSONB NOT NULL,

    CONSTRAINT "Native_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Unknown" (
    "id" INTEGER NOT NULL,
    "document" tsvector,
    "area" polygon NOT NULL,
    "ranges" int4range[],
    "mac_address" macaddr,

    CONSTRAINT "Unknown_pkey" PRIMARY KEY ("id")
);
