import { startControlClient } from "../controlClient.ts";

// Started by a test as a process of its own, to be killed while it holds a client.
startControlClient({
  argv: [
    "tmux",
    "-u",
    "-S",
    process.env.RIG_SOCKET ?? "",
    "-C",
    "attach-session",
    "-f",
    "no-output,ignore-size",
    "-t",
    "$0",
  ],
  env: process.env,
  log: () => {},
  onNotification: () => {},
  onEnd: () => {},
});
setInterval(() => {}, 1000);
