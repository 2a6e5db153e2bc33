import { text as readAll } from "node:stream/consumers";
import * as z from "zod";
import { CommandAnswer, QueuedMessage } from "../../../protocol/api.ts";
import { MAX_INPUT_BYTES } from "../../../protocol/limits.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { Sentence } from "../../system/Sentence.ts";
import { callApi } from "../callApi.ts";
import type { Context } from "../context.ts";
import { findSession } from "../findSession.ts";
import type { SendArgs } from "../invocation.ts";
import { targetOf } from "../targetOf.ts";
import type { CommandSpec } from "../CommandSpec.ts";
import { JSON_OPTION, TARGET_OPTIONS, readTarget } from "../readValues.ts";

/** `signalbox send` on the command line. */
export const sendSpec: CommandSpec = {
  usage: "SESSION TEXT…",
  summary: "send text to a session: typed into a pane, or the next turn of a job",
  details: "TEXT may be - for what comes on standard input.",
  options: { json: JSON_OPTION, ...TARGET_OPTIONS },
  words: { least: 2, most: 10_000 },
  read: (values, [session = "", ...words]) => ({
    command: "send",
    args: { ...readTarget(values), session, text: words.join(" "), json: values["json"] === true },
  }),
};

/** How long the answer is waited for; a host that is away gets the text later. */
const WAIT_MS = 10_000;

/** `signalbox send`. */
export async function send(args: SendArgs, context: Context): Promise<number> {
  const api = targetOf(args, context);
  const text = args.text === "-" ? (await readAll(process.stdin)).replace(/\n$/, "") : args.text;
  if (text === "") throw new Sentence("There is nothing to send.", EXIT.usage);
  if (Buffer.byteLength(text) > MAX_INPUT_BYTES)
    throw new Sentence(`A message has at most ${MAX_INPUT_BYTES} bytes.`, EXIT.usage);
  const session = await findSession(api, args.session);
  const answer = await callApi(api, {
    method: "POST",
    path: `/api/sessions/${session.id}/messages`,
    body: { text, wait_ms: WAIT_MS },
    // A chat takes it as a message of its own; everything else by a command to the host.
    schema: z.union([CommandAnswer, QueuedMessage]),
    timeoutMs: WAIT_MS + 15_000,
  });
  if (args.json) context.print(JSON.stringify(answer, null, 2));
  else if (!("status" in answer)) context.print(`Sent to ${session.title}.`);
  else context.print(describeAnswer(answer, session.title));
  if (!("status" in answer)) return EXIT.ok;
  return answer.status === "done" || answer.status === "queued" ? EXIT.ok : EXIT.failed;
}

/** What became of it, in a sentence. Pure. */
export function describeAnswer({ status, result }: CommandAnswer, title: string): string {
  switch (status) {
    case "done":
      return `Sent to ${title}.`;
    case "queued":
      return `${title} has not got it yet; it will when its host is back.`;
    case "failed":
      return `${title} did not take it: ${result?.status === "failed" ? result.message : "no reason was given"}`;
    case "indeterminate":
      return `It is not known whether ${title} got it: ${result?.status === "indeterminate" ? result.message : "its host was lost"}`;
    case "expired":
      return `It expired before ${title} could get it.`;
    case "cancelled":
      return "It was cancelled.";
  }
}
