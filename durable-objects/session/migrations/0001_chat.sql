CREATE TABLE `approval` (
	`id` text PRIMARY KEY NOT NULL,
	`request` text NOT NULL,
	`status` text NOT NULL,
	`json` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `approval_request_unique` ON `approval` (`request`);--> statement-breakpoint
CREATE TABLE `call` (
	`id` text PRIMARY KEY NOT NULL,
	`turn` integer NOT NULL,
	`step` integer NOT NULL,
	`tool_call` text NOT NULL,
	`tool` text NOT NULL,
	`input` text NOT NULL,
	`state` text NOT NULL,
	`approval` text,
	`host` text,
	`command` text,
	`output` text,
	`output_cut` integer DEFAULT 0 NOT NULL,
	`error` text
);
--> statement-breakpoint
CREATE TABLE `grant_given` (
	`id` text PRIMARY KEY NOT NULL,
	`expires_at` integer,
	`json` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `message` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`turn` integer NOT NULL,
	`json` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `part` (
	`id` text PRIMARY KEY NOT NULL,
	`turn` integer NOT NULL,
	`kind` text NOT NULL,
	`text` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `queue` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`text` text NOT NULL,
	`by` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `queue_id_unique` ON `queue` (`id`);--> statement-breakpoint
CREATE TABLE `turn` (
	`number` integer PRIMARY KEY NOT NULL,
	`step` integer DEFAULT 1 NOT NULL,
	`phase` text DEFAULT 'model' NOT NULL,
	`model` text NOT NULL,
	`cancelled_by` text,
	`mistakes` integer DEFAULT 0 NOT NULL,
	`usage` text NOT NULL,
	`started_at` integer NOT NULL,
	`ended_at` integer
);
--> statement-breakpoint
ALTER TABLE `command` ADD `host` text;