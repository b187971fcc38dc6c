/* migrations.0005 */
-- Why something ended that nobody mended, and what mutes what.

-- JSON: the manifest and the deploy that the last audit was held to that proved what is there; null
-- before this version.
alter table databases add column held_to text;
-- JSON: the silence or maintenance window that muted its last change; null where nothing is untold.
alter table incidents add column muted_by text;
