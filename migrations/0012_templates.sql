CREATE TABLE `template` (
	`team` text NOT NULL,
	`name` text NOT NULL,
	`json` text NOT NULL,
	`updated_at` integer NOT NULL,
	`updated_by` text NOT NULL,
	PRIMARY KEY(`team`, `name`)
) WITHOUT ROWID;
