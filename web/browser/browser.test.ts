// One file, so that there is one build, one browser, and one page at a time: pages that compete for two cores tell nothing.
import "./changes.cases.ts";
import "./chat.cases.ts";
import "./copy.cases.ts";
import "./desk.cases.ts";
import "./hosts.cases.ts";
import "./long.cases.ts";
import "./look.cases.ts";
import "./pins.cases.ts";
import "./rules.cases.ts";
import "./session.cases.ts";
import "./sessions.cases.ts";
import "./stall.cases.ts";
import "./starts.cases.ts";
import "./terminal.cases.ts";
