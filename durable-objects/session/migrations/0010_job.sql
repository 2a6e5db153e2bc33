CREATE TABLE `job` (
	`id` integer PRIMARY KEY NOT NULL,
	`round` integer NOT NULL,
	`asked` text NOT NULL,
	`began_at` integer,
	`cancelled_by` text,
	`notice` text,
	`told` integer DEFAULT 0 NOT NULL
);
