ALTER TABLE `run_step` ADD `scope` text;--> statement-breakpoint
ALTER TABLE `run_step` ADD `after` text;