CREATE TABLE `span` (
	`session` text NOT NULL,
	`id` text NOT NULL,
	`team` text NOT NULL,
	`turn` integer NOT NULL,
	`started_at` integer NOT NULL,
	`version` integer NOT NULL,
	`json` text NOT NULL,
	PRIMARY KEY(`session`, `id`)
);
--> statement-breakpoint
CREATE INDEX `span_list` ON `span` (`session`,`started_at`,`id`);