ALTER TABLE `queue` ADD `steer` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `queue` ADD `left_at` integer;