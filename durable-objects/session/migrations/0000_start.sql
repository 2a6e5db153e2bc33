CREATE TABLE `alarm` (
	`name` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE `chunk` (
	`first` integer PRIMARY KEY NOT NULL,
	`last` integer NOT NULL,
	`bytes` integer NOT NULL,
	`body` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `command` (
	`id` text PRIMARY KEY NOT NULL,
	`json` text NOT NULL,
	`expires_at` integer,
	`forwarded` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`result` text
);
--> statement-breakpoint
CREATE TABLE `ingested` (
	`epoch` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `outbox` (
	`key` text PRIMARY KEY NOT NULL,
	`version` integer NOT NULL,
	`body` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `session` (
	`id` text PRIMARY KEY NOT NULL,
	`epoch` text NOT NULL,
	`head` integer NOT NULL,
	`json` text
);
