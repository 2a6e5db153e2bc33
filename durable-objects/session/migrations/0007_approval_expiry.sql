ALTER TABLE `approval` ADD `expires_at` integer;--> statement-breakpoint
ALTER TABLE `outbox` ADD `failures` integer DEFAULT 0 NOT NULL;