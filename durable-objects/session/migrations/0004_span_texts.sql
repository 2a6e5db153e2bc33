CREATE TABLE `span_text` (
	`span` text NOT NULL,
	`side` text NOT NULL,
	`text` text NOT NULL,
	PRIMARY KEY(`span`, `side`)
);
