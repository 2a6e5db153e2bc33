CREATE TABLE `approval` (
	`id` text PRIMARY KEY NOT NULL,
	`team` text NOT NULL,
	`session` text NOT NULL,
	`host` text,
	`status` text NOT NULL,
	`created_at` integer NOT NULL,
	`version` integer NOT NULL,
	`json` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `approval_list` ON `approval` (`team`,`status`,`created_at`);--> statement-breakpoint
CREATE TABLE `rule` (
	`id` text PRIMARY KEY NOT NULL,
	`team` text NOT NULL,
	`tool` text NOT NULL,
	`expires_at` integer,
	`json` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `rule_tool` ON `rule` (`team`,`tool`);