CREATE TABLE `summary` (
	`id` integer PRIMARY KEY NOT NULL,
	`text` text NOT NULL,
	`upto` integer NOT NULL,
	`to_seq` integer NOT NULL,
	`made_at` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `message` ADD `seq` integer;--> statement-breakpoint
ALTER TABLE `message` ADD `tokens` integer;--> statement-breakpoint
ALTER TABLE `turn` ADD `compact` text;--> statement-breakpoint
ALTER TABLE `turn` ADD `shortened` integer DEFAULT -1 NOT NULL;