CREATE TABLE `attachment` (
	`id` text PRIMARY KEY NOT NULL,
	`sha256` text NOT NULL,
	`key` text NOT NULL,
	`name` text NOT NULL,
	`size` integer NOT NULL,
	`type` text,
	`width` integer,
	`height` integer,
	`uses` integer DEFAULT 0 NOT NULL,
	`touched_at` integer NOT NULL,
	`gone` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
ALTER TABLE `queue` ADD `attachments` text;