import { openCommandChannel } from "../commandChannel.ts";

// Started by a test as a process of its own, to be killed while it holds a channel.
openCommandChannel({
  tmux: ["tmux", "-u", "-S", process.env.RIG_SOCKET ?? ""],
  env: process.env,
  directory: process.env.RIG_DIRECTORY ?? "",
  log: () => {},
  onEnd: () => {},
});
setInterval(() => {}, 1000);
