/* migrations.0008 */
-- What was known of the storage of a database (`reset::Known`), the version of that, which a person's
-- word raises, and where the database was seen to live (`schema::Residence`).
alter table databases add column known text;
alter table databases add column known_version integer not null default 0;
alter table databases add column residence text;
