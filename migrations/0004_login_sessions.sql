CREATE TABLE `login_session` (
	`login` text NOT NULL,
	`session` text NOT NULL,
	PRIMARY KEY(`login`, `session`)
);
