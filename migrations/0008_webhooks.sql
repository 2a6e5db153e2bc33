CREATE TABLE `delivery` (
	`webhook` text NOT NULL,
	`delivery` text NOT NULL,
	`id` text NOT NULL,
	`json` text NOT NULL,
	PRIMARY KEY(`webhook`, `delivery`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `delivery_list` ON `delivery` (`webhook`,`id`);--> statement-breakpoint
CREATE TABLE `webhook` (
	`id` text PRIMARY KEY NOT NULL,
	`team` text NOT NULL,
	`sealed_secret` text NOT NULL,
	`sealed_previous` text,
	`previous_until` integer,
	`version` integer NOT NULL,
	`json` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `webhook_team` ON `webhook` (`team`,`id`);