ALTER TABLE `rule` ADD `version` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `rule` ADD `removed_at` integer;