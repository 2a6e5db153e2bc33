CREATE TABLE `trace` (
	`id` integer PRIMARY KEY NOT NULL,
	`open` text NOT NULL,
	`flushes` integer NOT NULL
);
