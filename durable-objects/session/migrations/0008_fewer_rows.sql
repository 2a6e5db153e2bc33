-- What an index of its own would hold is billed as a second row: a table without rowid is its own index. (The schema cannot say it.)
CREATE TABLE `new_alarm` (
	`name` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `new_alarm` (`name`, `at`, `failures`) SELECT `name`, `at`, `failures` FROM `alarm`;
--> statement-breakpoint
DROP TABLE `alarm`;
--> statement-breakpoint
ALTER TABLE `new_alarm` RENAME TO `alarm`;
--> statement-breakpoint
CREATE TABLE `new_outbox` (
	`key` text PRIMARY KEY NOT NULL,
	`version` integer NOT NULL,
	`body` text NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `new_outbox` (`key`, `version`, `body`, `failures`) SELECT `key`, `version`, `body`, `failures` FROM `outbox`;
--> statement-breakpoint
DROP TABLE `outbox`;
--> statement-breakpoint
ALTER TABLE `new_outbox` RENAME TO `outbox`;
--> statement-breakpoint
CREATE TABLE `new_part` (
	`id` text PRIMARY KEY NOT NULL,
	`turn` integer NOT NULL,
	`kind` text NOT NULL,
	`text` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `new_part` (`id`, `turn`, `kind`, `text`) SELECT `id`, `turn`, `kind`, `text` FROM `part`;
--> statement-breakpoint
DROP TABLE `part`;
--> statement-breakpoint
ALTER TABLE `new_part` RENAME TO `part`;
--> statement-breakpoint
CREATE TABLE `new_call` (
	`id` text PRIMARY KEY NOT NULL,
	`turn` integer NOT NULL,
	`step` integer NOT NULL,
	`tool_call` text NOT NULL,
	`tool` text NOT NULL,
	`input` text NOT NULL,
	`state` text NOT NULL,
	`approval` text,
	`host` text,
	`command` text,
	`output` text,
	`output_cut` integer DEFAULT 0 NOT NULL,
	`error` text
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `new_call` (`id`, `turn`, `step`, `tool_call`, `tool`, `input`, `state`, `approval`, `host`, `command`, `output`, `output_cut`, `error`) SELECT `id`, `turn`, `step`, `tool_call`, `tool`, `input`, `state`, `approval`, `host`, `command`, `output`, `output_cut`, `error` FROM `call`;
--> statement-breakpoint
DROP TABLE `call`;
--> statement-breakpoint
ALTER TABLE `new_call` RENAME TO `call`;
--> statement-breakpoint
CREATE TABLE `new_ingested` (
	`epoch` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `new_ingested` (`epoch`, `seq`) SELECT `epoch`, `seq` FROM `ingested`;
--> statement-breakpoint
DROP TABLE `ingested`;
--> statement-breakpoint
ALTER TABLE `new_ingested` RENAME TO `ingested`;
--> statement-breakpoint
CREATE TABLE `new_span_text` (
	`span` text NOT NULL,
	`side` text NOT NULL,
	`text` text NOT NULL,
	PRIMARY KEY(`span`, `side`)
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `new_span_text` (`span`, `side`, `text`) SELECT `span`, `side`, `text` FROM `span_text`;
--> statement-breakpoint
DROP TABLE `span_text`;
--> statement-breakpoint
ALTER TABLE `new_span_text` RENAME TO `span_text`;
--> statement-breakpoint
CREATE TABLE `new_approval` (
	`id` text PRIMARY KEY NOT NULL,
	`request` text NOT NULL,
	`status` text NOT NULL,
	`json` text NOT NULL,
	`expires_at` integer
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `new_approval` (`id`, `request`, `status`, `json`, `expires_at`) SELECT `id`, `request`, `status`, `json`, `expires_at` FROM `approval`;
--> statement-breakpoint
DROP TABLE `approval`;
--> statement-breakpoint
ALTER TABLE `new_approval` RENAME TO `approval`;
--> statement-breakpoint
CREATE UNIQUE INDEX `approval_request_unique` ON `approval` (`request`);
--> statement-breakpoint
CREATE TABLE `new_command` (
	`id` text PRIMARY KEY NOT NULL,
	`position` integer NOT NULL,
	`json` text NOT NULL,
	`expires_at` integer,
	`forwarded` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`result` text,
	`host` text
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `new_command` (`id`, `position`, `json`, `expires_at`, `forwarded`, `created_at`, `result`, `host`) SELECT `id`, rowid, `json`, `expires_at`, `forwarded`, `created_at`, `result`, `host` FROM `command`;
--> statement-breakpoint
DROP TABLE `command`;
--> statement-breakpoint
ALTER TABLE `new_command` RENAME TO `command`;
--> statement-breakpoint
CREATE TABLE `new_queue` (
	`id` text PRIMARY KEY NOT NULL,
	`position` integer NOT NULL,
	`text` text NOT NULL,
	`by` text NOT NULL,
	`created_at` integer NOT NULL,
	`steer` integer DEFAULT false NOT NULL,
	`left_at` integer,
	`attachments` text
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `new_queue` (`id`, `position`, `text`, `by`, `created_at`, `steer`, `left_at`, `attachments`) SELECT `id`, `position`, `text`, `by`, `created_at`, `steer`, `left_at`, `attachments` FROM `queue`;
--> statement-breakpoint
DROP TABLE `queue`;
--> statement-breakpoint
ALTER TABLE `new_queue` RENAME TO `queue`;
--> statement-breakpoint
CREATE TABLE `new_message` (
	`position` integer PRIMARY KEY NOT NULL,
	`turn` integer NOT NULL,
	`json` text NOT NULL,
	`seq` integer,
	`tokens` integer
);
--> statement-breakpoint
INSERT INTO `new_message` (`position`, `turn`, `json`, `seq`, `tokens`) SELECT `position`, `turn`, `json`, `seq`, `tokens` FROM `message`;
--> statement-breakpoint
DROP TABLE `message`;
--> statement-breakpoint
ALTER TABLE `new_message` RENAME TO `message`;
