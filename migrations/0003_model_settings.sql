CREATE TABLE `default_model` (
	`team` text PRIMARY KEY NOT NULL,
	`model` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `model_provider` (
	`team` text NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`base_url` text,
	`models` text NOT NULL,
	`sealed_key` text,
	`key_tail` text,
	`updated_at` integer NOT NULL,
	`updated_by` text NOT NULL,
	PRIMARY KEY(`team`, `id`)
);
