CREATE TABLE `task` (
	`id` text PRIMARY KEY NOT NULL,
	`team` text NOT NULL,
	`status` text NOT NULL,
	`title` text NOT NULL,
	`spec` text NOT NULL,
	`host` text,
	`by` text NOT NULL,
	`parent` text,
	`depth` integer DEFAULT 0 NOT NULL,
	`owed` integer DEFAULT 0 NOT NULL,
	`session` text,
	`tries` integer DEFAULT 0 NOT NULL,
	`most_tries` integer NOT NULL,
	`lease_until` integer,
	`not_before` integer,
	`cancelled_by` text,
	`result` text,
	`blob` text,
	`error` text,
	`input_tokens` integer DEFAULT 0 NOT NULL,
	`cached_tokens` integer DEFAULT 0 NOT NULL,
	`output_tokens` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`ended_at` integer,
	`version` integer DEFAULT 1 NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `task_open` ON `task` (`team`,`status`,`created_at`) WHERE status IN ('queued', 'claimed', 'running');--> statement-breakpoint
CREATE INDEX `task_owed` ON `task` (`team`) WHERE owed = 1;