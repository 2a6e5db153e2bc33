CREATE TABLE `audit` (
	`id` text PRIMARY KEY NOT NULL,
	`team` text NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`target` text NOT NULL,
	`detail` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_time` ON `audit` (`team`,`at`);--> statement-breakpoint
CREATE TABLE `code` (
	`sha256` text PRIMARY KEY NOT NULL,
	`purpose` text NOT NULL,
	`subject` text NOT NULL,
	`expires_at` integer NOT NULL,
	`used_at` integer
);
--> statement-breakpoint
CREATE TABLE `host` (
	`id` text PRIMARY KEY NOT NULL,
	`team` text NOT NULL,
	`name` text NOT NULL,
	`token_sha256` text,
	`created_at` integer NOT NULL,
	`removed_at` integer,
	`version` integer DEFAULT 0 NOT NULL,
	`json` text
);
--> statement-breakpoint
CREATE INDEX `host_team` ON `host` (`team`,`id`);--> statement-breakpoint
CREATE TABLE `login` (
	`sha256` text PRIMARY KEY NOT NULL,
	`user` text NOT NULL,
	`role` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `session` (
	`id` text PRIMARY KEY NOT NULL,
	`team` text NOT NULL,
	`host` text,
	`provider` text NOT NULL,
	`status` text NOT NULL,
	`attention` integer NOT NULL,
	`ended` integer NOT NULL,
	`hay` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	`json` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `session_list` ON `session` (`team`,`created_at`);--> statement-breakpoint
CREATE TABLE `team` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL
);
