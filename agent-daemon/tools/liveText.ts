import { StringDecoder } from "node:string_decoder";
import { MAX_OUTPUT_BYTES } from "../../protocol/limits.ts";
import { looksBinary } from "./collectOutput.ts";

/** Stands where more was printed than is shown before the end. */
export const LIVE_CUT = "\n[more is printed; the end is shown when there is a result]\n";
const BINARY = "[binary output]\n";
/** Fewer characters than this do not tell. */
const JUDGED_CHARS = 32;

/** Makes text of the bytes of a program's streams as they come: as much as a result holds, and nothing binary. */
export function startLiveText(tell: (text: string) => void): (stream: number, chunk: Buffer) => void {
  const decoders = new Map<number, StringDecoder>();
  let room = MAX_OUTPUT_BYTES;
  return (stream, chunk) => {
    if (room === 0) return;
    const decoder = decoders.get(stream) ?? new StringDecoder("utf8");
    decoders.set(stream, decoder);
    const decoded = decoder.write(chunk.subarray(0, room));
    if (decoded.length >= JUDGED_CHARS && looksBinary(Buffer.from(decoded))) {
      room = 0;
      return tell(BINARY);
    }
    const text = decoded.replaceAll("\0", "␀");
    const cut = chunk.length > room;
    room = Math.max(0, room - chunk.length);
    if (text !== "" || cut) tell(cut ? text + LIVE_CUT : text);
  };
}
