-- What an index of its own would hold is billed as a second row: a table without rowid is its own index. (The schema cannot say it.)
CREATE TABLE `new_approval` (
	`id` text PRIMARY KEY NOT NULL,
	`team` text NOT NULL,
	`session` text NOT NULL,
	`host` text,
	`status` text NOT NULL,
	`created_at` integer NOT NULL,
	`version` integer NOT NULL,
	`json` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `new_approval` (`id`, `team`, `session`, `host`, `status`, `created_at`, `version`, `json`) SELECT `id`, `team`, `session`, `host`, `status`, `created_at`, `version`, `json` FROM `approval`;
--> statement-breakpoint
DROP TABLE `approval`;
--> statement-breakpoint
ALTER TABLE `new_approval` RENAME TO `approval`;
--> statement-breakpoint
CREATE INDEX `approval_list` ON `approval` (`team`,`status`,`created_at`);
--> statement-breakpoint
CREATE TABLE `new_audit` (
	`id` text PRIMARY KEY NOT NULL,
	`team` text NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`target` text NOT NULL,
	`detail` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `new_audit` (`id`, `team`, `at`, `actor`, `action`, `target`, `detail`) SELECT `id`, `team`, `at`, `actor`, `action`, `target`, `detail` FROM `audit`;
--> statement-breakpoint
DROP TABLE `audit`;
--> statement-breakpoint
ALTER TABLE `new_audit` RENAME TO `audit`;
--> statement-breakpoint
CREATE INDEX `audit_time` ON `audit` (`team`,`at`);
--> statement-breakpoint
CREATE TABLE `new_span` (
	`session` text NOT NULL,
	`id` text NOT NULL,
	`team` text NOT NULL,
	`turn` integer NOT NULL,
	`started_at` integer NOT NULL,
	`version` integer NOT NULL,
	`json` text NOT NULL,
	PRIMARY KEY(`session`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `new_span` (`session`, `id`, `team`, `turn`, `started_at`, `version`, `json`) SELECT `session`, `id`, `team`, `turn`, `started_at`, `version`, `json` FROM `span`;
--> statement-breakpoint
DROP TABLE `span`;
--> statement-breakpoint
ALTER TABLE `new_span` RENAME TO `span`;
--> statement-breakpoint
CREATE INDEX `span_list` ON `span` (`session`,`started_at`,`id`);
