import * as z from "zod";

const Question = z.object({ id: z.number(), what: z.string(), input: z.unknown().optional() });

/** The other side of `startHelper`: answers questions until the bench goes, then cleans up and ends. */
export function serveHelper(
  answers: Record<string, (input: unknown) => unknown>,
  cleanUp: () => Promise<void> | void = () => {},
): void {
  process.on("message", (message) => {
    const { id, what, input } = Question.parse(message);
    const answer = async () => {
      const handler = answers[what];
      if (handler === undefined) throw new Error(`it does not know ${what}`);
      return await handler(input);
    };
    answer().then(
      (value) => process.send?.({ id, value }),
      (error: unknown) =>
        process.send?.({
          id,
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        }),
    );
  });
  // Ctrl-C reaches the whole group; the bench decides when this ends.
  process.on("SIGINT", () => {});
  process.once("disconnect", () => {
    Promise.resolve(cleanUp()).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
}
