CREATE TABLE `hub` (
	`id` integer PRIMARY KEY NOT NULL,
	`epoch` text NOT NULL,
	`rev` integer NOT NULL,
	`forgotten` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `item` (
	`key` text PRIMARY KEY NOT NULL,
	`rev` integer NOT NULL,
	`version` integer NOT NULL,
	`json` text NOT NULL,
	`removed` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE INDEX `item_rev` ON `item` (`rev`);