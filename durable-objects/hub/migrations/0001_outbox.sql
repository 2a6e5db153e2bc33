CREATE TABLE `alarm` (
	`name` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE `outbox` (
	`key` text PRIMARY KEY NOT NULL,
	`version` integer NOT NULL,
	`body` text NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL
);
