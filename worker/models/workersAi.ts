import * as z from "zod";
import type { AiBinding } from "./modelEnv.ts";

const Body = z.looseObject({ model: z.string() });

/**
 * A `fetch` that answers requests of Chat Completions by Workers AI's binding. It serves the models of Workers AI that
 * speak that format; the ones from before it are not supported.
 */
export function fetchFromBinding(binding: AiBinding, clean: (text: string) => string): typeof fetch {
  return async (_address, init) => {
    const { model, ...input } = Body.parse(JSON.parse(String(init?.body)));
    const signal = init?.signal ?? undefined;
    const options = { returnRawResponse: true, ...(signal === undefined ? {} : { signal }) } as const;
    try {
      const response = await binding.run(model, input, options);
      if (response instanceof Response) return response;
    } catch (error) {
      if (signal?.aborted === true) throw error;
      // The binding throws what a server would answer; it says so in its text alone.
      const message = clean(error instanceof Error ? error.message : String(error));
      const status = /\b(4\d\d|5\d\d)\b/.exec(message)?.[1] ?? "503";
      return Response.json({ error: { message } }, { status: Number(status) });
    }
    return Response.json({ error: { message: "Workers AI gave no answer" } }, { status: 502 });
  };
}
