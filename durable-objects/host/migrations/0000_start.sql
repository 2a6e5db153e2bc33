CREATE TABLE `alarm` (
	`name` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE `command` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`session` text NOT NULL,
	`json` text NOT NULL,
	`expires_at` integer NOT NULL,
	`sent` integer DEFAULT 0 NOT NULL,
	`cancelled` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `command_id_unique` ON `command` (`id`);--> statement-breakpoint
CREATE INDEX `command_expiry` ON `command` (`expires_at`);--> statement-breakpoint
CREATE TABLE `host` (
	`id` text PRIMARY KEY NOT NULL,
	`json` text
);
--> statement-breakpoint
CREATE TABLE `journal` (
	`epoch` text PRIMARY KEY NOT NULL,
	`acked` integer NOT NULL,
	`stuck_at` integer DEFAULT 0 NOT NULL,
	`stuck_tries` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE `outbox` (
	`key` text PRIMARY KEY NOT NULL,
	`version` integer NOT NULL,
	`body` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `reject` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`seq` integer NOT NULL,
	`reason` text NOT NULL,
	`json` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `unadopted` (
	`id` integer PRIMARY KEY NOT NULL,
	`json` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `watching` (
	`session` text PRIMARY KEY NOT NULL
);
