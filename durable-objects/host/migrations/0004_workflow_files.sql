CREATE TABLE `workflow_files` (
	`id` integer PRIMARY KEY NOT NULL,
	`json` text NOT NULL
);
