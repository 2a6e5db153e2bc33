// A program that asks, for tests: how it asks, and a file that it notes every byte and answer in.
import { appendFileSync } from "node:fs";
const [, , kind, file] = process.argv;
const note = (text) => appendFileSync(file, `${text}\n`);
const answers = [];
const { stdin, stdout } = process;
stdin.setRawMode?.(kind !== "line");
let marked = 1;
let line = "";
let times = 1;

const CHOICES = ["Yes", "Yes, and always", "No, stop"];
function draw() {
  if (kind === "line" || kind === "key") return stdout.write("Delete the build? [y/N] ");
  stdout.write("\x1b[2J\x1b[H");
  for (const answer of answers) stdout.write(`answered ${answer}\r\n`);
  stdout.write("────────────────────────\r\n Delete the build?\r\n");
  CHOICES.forEach((choice, i) => stdout.write(` ${marked === i + 1 ? "❯" : " "} ${i + 1}. ${choice}\r\n`));
  stdout.write("\r\n Esc to cancel\r\n");
}
function done(answer) {
  note(`answer ${answer}`);
  answers.push(answer);
  if (kind === "twice" && times++ < 2) return draw();
  stdout.write(`\r\nIt was ${answer}.\r\n`);
  if (kind === "stuck") return;
  stdin.removeAllListeners("data");
  stdin.on("data", (data) => note(`late ${JSON.stringify(String(data))}`));
}
stdin.on("data", (data) => {
  for (const key of String(data)) {
    note(`key ${JSON.stringify(key)}`);
    if (kind === "line") {
      if (key !== "\n") line += key;
      else done(line);
    } else if (kind === "key") done(key);
    else if (kind === "deaf") continue;
    else if (kind === "select") {
      if (key === "\r") done(String(marked));
      else if (/[1-3]/.test(key)) draw((marked = Number(key)));
    } else if (/[1-3]/.test(key)) done(key);
  }
});
note("asks");
draw();
