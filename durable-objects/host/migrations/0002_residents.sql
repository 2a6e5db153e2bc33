CREATE TABLE `resident` (
	`session` text PRIMARY KEY NOT NULL
);
--> statement-breakpoint
ALTER TABLE `outbox` ADD `failures` integer DEFAULT 0 NOT NULL;