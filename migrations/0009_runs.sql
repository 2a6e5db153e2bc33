CREATE TABLE `run_cache` (
	`team` text NOT NULL,
	`workflow` text NOT NULL,
	`key` text NOT NULL,
	`result` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`team`, `workflow`, `key`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `run_note` (
	`run` text NOT NULL,
	`n` integer NOT NULL,
	`at` integer NOT NULL,
	`kind` text NOT NULL,
	`text` text NOT NULL,
	PRIMARY KEY(`run`, `n`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `run_step` (
	`run` text NOT NULL,
	`key` text NOT NULL,
	`n` integer NOT NULL,
	`kind` text NOT NULL,
	`label` text,
	`phase` text,
	`spec` text NOT NULL,
	`status` text NOT NULL,
	`at_once` integer DEFAULT 0 NOT NULL,
	`cached` integer DEFAULT 0 NOT NULL,
	`attempt` integer DEFAULT 1 NOT NULL,
	`retries` integer DEFAULT 0 NOT NULL,
	`round` integer DEFAULT 1 NOT NULL,
	`session` text,
	`result` text,
	`blob` text,
	`error` text,
	`throws` integer DEFAULT 0 NOT NULL,
	`input_tokens` integer DEFAULT 0 NOT NULL,
	`cached_tokens` integer DEFAULT 0 NOT NULL,
	`output_tokens` integer DEFAULT 0 NOT NULL,
	`started_at` integer,
	`deadline` integer,
	`ended_at` integer,
	PRIMARY KEY(`run`, `key`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `run` (
	`id` text PRIMARY KEY NOT NULL,
	`team` text NOT NULL,
	`workflow` text NOT NULL,
	`title` text NOT NULL,
	`status` text NOT NULL,
	`script` text NOT NULL,
	`args` text NOT NULL,
	`defaults` text NOT NULL,
	`fresh` integer DEFAULT 0 NOT NULL,
	`again` text DEFAULT '[]' NOT NULL,
	`budget` integer,
	`spent` integer DEFAULT 0 NOT NULL,
	`result` text,
	`blob` text,
	`error` text,
	`parent` text,
	`parent_step` text,
	`root` text NOT NULL,
	`by` text NOT NULL,
	`begun` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`ended_at` integer,
	`version` integer DEFAULT 1 NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `run_list` ON `run` (`team`,`created_at`);--> statement-breakpoint
CREATE INDEX `run_open` ON `run` (`team`) WHERE status IN ('queued', 'running');--> statement-breakpoint
CREATE TABLE `workflow_version` (
	`team` text NOT NULL,
	`name` text NOT NULL,
	`version` integer NOT NULL,
	`script` text NOT NULL,
	`updated_at` integer NOT NULL,
	`updated_by` text NOT NULL,
	PRIMARY KEY(`team`, `name`, `version`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `workflow` (
	`team` text NOT NULL,
	`name` text NOT NULL,
	`version` integer NOT NULL,
	`script` text NOT NULL,
	`updated_at` integer NOT NULL,
	`updated_by` text NOT NULL,
	`removed_at` integer,
	PRIMARY KEY(`team`, `name`)
) WITHOUT ROWID;
