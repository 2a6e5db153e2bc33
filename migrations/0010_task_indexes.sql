DROP INDEX `task_open`;--> statement-breakpoint
CREATE INDEX `task_queued` ON `task` (`team`,`created_at`) WHERE status = 'queued';--> statement-breakpoint
CREATE INDEX `task_active` ON `task` (`team`,`host`) WHERE status IN ('claimed', 'running');