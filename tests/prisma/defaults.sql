-- What Prisma makes of defaults.prisma: the output of its own schema engine, package schema-engine-wasm
-- 8.1.0-2 (59be4fda), which follows release 7.10.1: `migrate diff --from-empty --script`.

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "Role" AS ENUM ('MUSICIAN', 'CONDUCTOR', 'Super admin');

-- CreateTable
CREATE TABLE "Serial" (
    "id" SERIAL NOT NULL,
    "small" SMALLSERIAL NOT NULL,
    "big" BIGSERIAL NOT NULL,
    "maybe" SERIAL,
    "oid" OID NOT NULL,

    CONSTRAINT "Serial_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "serial_lower" (
    "id" BIGSERIAL NOT NULL,

    CONSTRAINT "serial_lower_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "MadeByTheClient" (
    "cuid" TEXT NOT NULL,
    "cuid2" TEXT NOT NULL,
    "uuid" TEXT NOT NULL,
    "uuid7" UUID NOT NULL,
    "nanoid" TEXT NOT NULL,
    "nanoid9" TEXT NOT NULL,
    "ulid" TEXT NOT NULL,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "MadeByTheClient_pkey" PRIMARY KEY ("cuid")
);

-- CreateTable
CREATE TABLE "Literal" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "text" TEXT NOT NULL DEFAULT 'plain',
    "quoted" TEXT NOT NULL DEFAULT 'it''s "quoted" \ back',
    "lines" TEXT NOT NULL DEFAULT 'a
b',
    "empty" TEXT NOT NULL DEFAULT '',
    "varchar" VARCHAR(20) NOT NULL DEFAULT 'abc',
    "char" CHAR(3) NOT NULL DEFAULT 'a',
    "bit" BIT(3) NOT NULL DEFAULT '101',
    "varbit" VARBIT(3) NOT NULL DEFAULT '10',
    "uuid" UUID NOT NULL DEFAULT '6f5f5d0e-0000-4000-8000-000000000000',
    "inet" INET NOT NULL DEFAULT '10.0.0.1',
    "xml" XML NOT NULL DEFAULT '<a/>',
    "yes" BOOLEAN NOT NULL DEFAULT true,
    "no" BOOLEAN NOT NULL DEFAULT false,
    "number" INTEGER NOT NULL DEFAULT 42,
    "negative" INTEGER NOT NULL DEFAULT -5,
    "smallint" SMALLINT NOT NULL DEFAULT -3,
    "oid" OID NOT NULL DEFAULT 3,
    "big" BIGINT NOT NULL DEFAULT 5,
    "bigger" BIGINT NOT NULL DEFAULT 5000000000,
    "smaller" BIGINT NOT NULL DEFAULT -5000000000,
    "float" DOUBLE PRECISION NOT NULL DEFAULT 1.50,
    "floatNeg" DOUBLE PRECISION NOT NULL DEFAULT -2.5,
    "floatWhole" DOUBLE PRECISION NOT NULL DEFAULT -1,
    "real" REAL NOT NULL DEFAULT 2.5,
    "decimal" DECIMAL(65,30) NOT NULL DEFAULT 1.5,
    "decimalText" DECIMAL(65,30) NOT NULL DEFAULT 1.50,
    "decimalNeg" DECIMAL(10,2) NOT NULL DEFAULT -1.5,
    "decimalWhole" DECIMAL(65,30) NOT NULL DEFAULT 10,
    "money" MONEY NOT NULL DEFAULT 1.5,
    "json" JSONB NOT NULL DEFAULT '{"bb":1,"a":[1,{"x":null}]}',
    "jsonText" JSON NOT NULL DEFAULT '{"b" : 1}',
    "bytes" BYTEA NOT NULL DEFAULT '\x68656c6c6f',
    "moment" TIMESTAMP(3) NOT NULL DEFAULT '2025-07-05 10:20:30.600 +02:00',
    "momentTz" TIMESTAMPTZ(6) NOT NULL DEFAULT '2025-07-05 10:20:30 +02:00',
    "date" DATE NOT NULL DEFAULT '2025-07-05 00:00:00 +00:00',
    "time" TIME(3) NOT NULL DEFAULT '2025-07-05 10:20:30.250 +00:00',
    "timeTz" TIMETZ(3) NOT NULL DEFAULT '2025-07-05 10:20:30 +00:00',
    "role" "Role" NOT NULL DEFAULT 'MUSICIAN',
    "roleMapped" "Role" DEFAULT 'Super admin',

    CONSTRAINT "Literal_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Now" (
    "id" INTEGER NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdTz" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdDate" DATE NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "both" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Now_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "InLists" (
    "id" INTEGER NOT NULL,
    "texts" TEXT[] DEFAULT ARRAY['a', 'it''s']::TEXT[],
    "none" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "varchars" VARCHAR(20)[] DEFAULT ARRAY['a']::VARCHAR(20)[],
    "noVarchars" VARCHAR(20)[] DEFAULT ARRAY[]::VARCHAR(20)[],
    "chars" CHAR(2)[] DEFAULT ARRAY['a']::CHAR(2)[],
    "bits" BIT(3)[] DEFAULT ARRAY['101']::BIT(3)[],
    "uuids" UUID[] DEFAULT ARRAY['6f5f5d0e-0000-4000-8000-000000000000']::UUID[],
    "numbers" INTEGER[] DEFAULT ARRAY[1, -2]::INTEGER[],
    "smallints" SMALLINT[] DEFAULT ARRAY[1, -2]::SMALLINT[],
    "bigs" BIGINT[] DEFAULT ARRAY[1, 5000000000, -3, -5000000000]::BIGINT[],
    "floats" DOUBLE PRECISION[] DEFAULT ARRAY[1, 2.5, -2.5]::DOUBLE PRECISION[],
    "reals" REAL[] DEFAULT ARRAY[1.5]::REAL[],
    "decimals" DECIMAL(65,30)[] DEFAULT ARRAY[1.5, 2, -1.5, -2]::DECIMAL(65,30)[],
    "numerics" DECIMAL(10,2)[] DEFAULT ARRAY[1.5, -2]::DECIMAL(10,2)[],
    "bare" DECIMAL[] DEFAULT ARRAY[1.5, 2, -1.5]::DECIMAL[],
    "noDecimals" DECIMAL(65,30)[] DEFAULT ARRAY[]::DECIMAL(65,30)[],
    "money" MONEY[] DEFAULT ARRAY[1.5]::MONEY[],
    "flags" BOOLEAN[] DEFAULT ARRAY[true, false]::BOOLEAN[],
    "jsons" JSONB[] DEFAULT ARRAY['{"a":1}']::JSONB[],
    "byteses" BYTEA[] DEFAULT ARRAY['\x68656c6c6f']::BYTEA[],
    "moments" TIMESTAMP(3)[] DEFAULT ARRAY['2025-07-05 10:20:30 +00:00']::TIMESTAMP(3)[],
    "momentsTz" TIMESTAMPTZ(0)[] DEFAULT ARRAY['2025-07-05 10:20:30 +02:00']::TIMESTAMPTZ(0)[],
    "noMoments" TIMESTAMP(3)[] DEFAULT ARRAY[]::TIMESTAMP(3)[],
    "roles" "Role"[] DEFAULT ARRAY['MUSICIAN', 'Super admin']::"Role"[],
    "noRoles" "Role"[] DEFAULT ARRAY[]::"Role"[],

    CONSTRAINT "InLists_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ByTheDatabase" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "number" INTEGER NOT NULL DEFAULT 1 + 1,
    "text" TEXT NOT NULL DEFAULT 'a'::text || 'b',
    "point" point NOT NULL DEFAULT '(0,0)'::point,
    "role" "Role" NOT NULL DEFAULT 'CONDUCTOR',
    "list" INTEGER[] DEFAULT '{1,2}',

    CONSTRAINT "ByTheDatabase_pkey" PRIMARY KEY ("id")
);
