ALTER TABLE `session` ADD `trace` text;
--> statement-breakpoint
UPDATE `session` SET `trace` = (SELECT `open` FROM `trace`) WHERE `json` IS NOT NULL;
--> statement-breakpoint
DROP TABLE `trace`;
