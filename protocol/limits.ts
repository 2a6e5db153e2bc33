/** Version of every wire format here; a peer that says another major is refused with `version`. */
export const PROTOCOL_VERSION = 1;

/** Liveness: a text `ping` every 10 s, answered by the runtime with `pong` without waking the object. */
export const PING_INTERVAL_MS = 10_000;
/** Silence after which either side ends a socket (three pings). */
export const SILENCE_LIMIT_MS = 30_000;

/** A person's socket of which nothing was heard for so long is ended: browsers let a hidden page ping once a minute. */
export const VIEWER_SILENCE_MS = 180_000;
export const SILENT_VIEWER = "Nothing was heard for three minutes.";
/** How often an object that somebody looks at wakes to see who is still there. */
export const VIEWERS_LOOK_MS = 300_000;

/** Largest frame either side sends on any socket (the platform receives up to 32 MiB; we stay far below). */
export const MAX_FRAME_BYTES = 1024 * 1024;
/** Largest JSON of one event in a session's log. */
export const MAX_EVENT_BYTES = 256 * 1024;
/** Output of a command or tool kept in an event; the cut is marked. */
export const MAX_OUTPUT_BYTES = 32 * 1024;
/** Characters of what a running call has printed that are shown before it ends; a daemon sends no more than MAX_OUTPUT_BYTES. */
export const MAX_LIVE_OUTPUT_CHARS = 2 * MAX_OUTPUT_BYTES;
/** Largest paste in one console frame or paste command. */
export const MAX_PASTE_BYTES = 768 * 1024;
/** Longest text of one `send_input`. */
export const MAX_INPUT_BYTES = 64 * 1024;

/** Largest attachment, unless the deployment says otherwise. */
export const DEFAULT_ATTACHMENT_BYTES = 20 * 1024 * 1024;
/** An image that every model takes has no more bytes, and no more pixels on a side. */
export const MAX_MODEL_IMAGE_BYTES = 3_750_000;
export const MAX_MODEL_IMAGE_SIDE = 8000;
/** Most attachments of one message. */
export const MAX_MESSAGE_ATTACHMENTS = 20;

/** Console credit: bytes that may be on their way to one viewer (measured best on narrow links). */
export const CONSOLE_WINDOW_BYTES = 64 * 1024;
/** Lines of a pane kept in the daemon for search. */
export const RING_LINES = 5_000;
/** Lines of history sent with the first snapshot of a console. */
export const SNAPSHOT_HISTORY_LINES = 1_000;

/** Events sent to a client that comes without a cursor. */
export const TAIL_EVENTS = 200;
/** Missed events up to which a client gets exactly the rest; beyond it, a gap and a tail. */
export const MAX_RESUME_EVENTS = 20_000;

/** A client of a live socket acks after receiving about this much (to take an ack costs an object as much as to send a frame) … */
export const LIVE_ACK_BYTES = 128 * 1024;
/** … and gets no more than this without an ack (workerd buffers what a client does not read, without bound). */
export const LIVE_WINDOW_BYTES = 512 * 1024;

/** Link: messages and bytes that may be sent but not acked. */
export const LINK_WINDOW_MESSAGES = 2000;
export const LINK_WINDOW_BYTES = 512 * 1024;

/** A command without an expiry of its own lives this long. */
export const DEFAULT_COMMAND_TTL_MS = 24 * 60 * 60 * 1000;
/** The longest that a command may wait for its host. */
export const MAX_COMMAND_TTL_MS = 30 * DEFAULT_COMMAND_TTL_MS;
