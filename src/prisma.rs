//! Reads Prisma schemas: what `prisma migrate` or `prisma db push` would make of an empty PostgreSQL
//! database.
