CREATE TABLE `execution` (
	`id` text PRIMARY KEY NOT NULL,
	`schedule` text NOT NULL,
	`state` text NOT NULL,
	`start_at` integer,
	`failures` integer DEFAULT 0 NOT NULL,
	`over` integer DEFAULT false NOT NULL,
	`json` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `execution_list` ON `execution` (`schedule`,`id`);--> statement-breakpoint
CREATE INDEX `execution_open` ON `execution` (`start_at`) WHERE start_at is not null;--> statement-breakpoint
CREATE TABLE `schedule` (
	`id` text PRIMARY KEY NOT NULL,
	`next_at` integer,
	`json` text NOT NULL
) WITHOUT ROWID;
