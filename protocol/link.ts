import * as z from "zod";
import { Command, CommandResult } from "./commands.ts";
import { EventBody } from "./events.ts";
import { HostInfo, UnadoptedPane } from "./host.ts";
import { CommandId, HostId, SessionId } from "./ids.ts";
import { MAX_LIVE_OUTPUT_CHARS } from "./limits.ts";
import { Question } from "./questions.ts";
import { Exit, Provider, SessionFacts } from "./session.ts";
import { HostDecision, SignedRules } from "./hostRules.ts";
import { AgentRequest, RequestEnd } from "./requests.ts";
import { MAX_WORKFLOW_FILES, WorkflowListing } from "./workflowFiles.ts";

/** What a daemon tells the edge reliably: journalled, numbered, sent until acked. */
export const DaemonMessage = z.discriminatedUnion("kind", [
  /** A session exists on this host; it is made on the edge when it is new there. */
  z.object({
    kind: z.literal("session"),
    session: SessionId,
    /** Never a chat: those are the edge's own. */
    provider: Provider.exclude(["edge"]),
    title: z.string().max(200),
    facts: SessionFacts,
    /** An agent without a terminal that is spoken to. */
    interactive: z.boolean().optional(),
  }),
  /** What the daemon knows of a session changed. */
  z.object({ kind: z.literal("facts"), session: SessionId, facts: SessionFacts }),
  /** Events of a session's log, in order; `at` of an event is the daemon's clock. */
  z.object({
    kind: z.literal("events"),
    session: SessionId,
    events: z.array(z.object({ at: z.number(), event: EventBody })).min(1),
  }),
  /** A command ended. */
  z.object({ kind: z.literal("result"), id: CommandId, session: SessionId, result: CommandResult }),
  /** A command of a chat that goes on in the background began, or ended (`exit`). */
  z.object({
    kind: z.literal("background"),
    id: CommandId,
    session: SessionId,
    summary: z.string().max(500),
    exit: Exit.nullable(),
  }),
  /** An agent asks for permission, or asks a question; it waits until it has an answer from anywhere. */
  z.object({
    kind: z.literal("request"),
    session: SessionId,
    request: AgentRequest,
    /** Decided already, by the host's copy of the rules: it was away. */
    decided: HostDecision.optional(),
  }),
  /** A request ended on the host by itself. */
  z.object({
    kind: z.literal("request_ended"),
    session: SessionId,
    request: z.string().max(200),
    end: z.enum([...RequestEnd.options, "indeterminate"]),
  }),
  z.object({ kind: z.literal("host"), info: HostInfo }),
  /** The panes nobody adopted, whole (they are few and change seldom). */
  z.object({ kind: z.literal("unadopted"), panes: z.array(UnadoptedPane).max(2000) }),
  /** The workflow files of its workspaces, of the directories of its sessions and of its home, whole. */
  z.object({ kind: z.literal("workflows"), items: z.array(WorkflowListing).max(MAX_WORKFLOW_FILES) }),
]);
export type DaemonMessage = z.infer<typeof DaemonMessage>;

/** A numbered message on the wire; its body is parsed on its own, so that one bad message cannot block the rest. */
export const NumberedMessage = z.object({ seq: z.number().int().min(1), message: z.unknown() });

/**
 * What a running command has printed, from a character of its output on. Nothing depends on it: it is not numbered,
 * journalled or acked, and may be lost; the command's result has the output whole.
 */
export const OutputPiece = z.object({
  id: CommandId,
  session: SessionId,
  offset: z.number().int().min(0),
  text: z.string().max(MAX_LIVE_OUTPUT_CHARS),
});
export type OutputPiece = z.infer<typeof OutputPiece>;

/** Tells an answer's question. */
const QuestionId = z.string().min(1).max(64);

/** Daemon → HostObject. */
export const LinkClientFrame = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("hello"),
    version: z.number().int(),
    /** Names this journal; a wiped daemon has a new one. */
    epoch: z.string().min(8).max(64),
    /** Last seq the journal knows to be acked (0 at first). */
    acked: z.number().int().min(0),
    info: HostInfo,
  }),
  z.object({ type: z.literal("messages"), messages: z.array(NumberedMessage).min(1).max(1000) }),
  OutputPiece.extend({ type: z.literal("output") }),
  /** To an `ask`, beside the journal. An `Answer`, read by itself: one that is not understood must not end the link. */
  z.object({ type: z.literal("answer"), id: QuestionId, answer: z.unknown() }),
  /** The daemon wants a fresh copy of the rules, for when it is away. */
  z.object({ type: z.literal("want_rules") }),
]);
export type LinkClientFrame = z.infer<typeof LinkClientFrame>;

/** HostObject → daemon. Unknown types are ignored. */
export const LinkServerFrame = z.discriminatedUnion("type", [
  /** `acked`: the last seq of this epoch that is committed; the daemon sends from the next. `watching`: sessions whose console somebody watches. */
  z.object({
    type: z.literal("welcome"),
    version: z.number().int(),
    host: HostId,
    name: z.string(),
    acked: z.number().int().min(0),
    watching: z.array(SessionId),
  }),
  z.object({ type: z.literal("ack"), seq: z.number().int().min(0) }),
  /** `ttl_ms`: what is left of its life now (clocks differ); 0 or less: report it expired unless it has run. */
  z.object({
    type: z.literal("command"),
    id: CommandId,
    session: SessionId,
    command: Command,
    ttl_ms: z.number(),
  }),
  z.object({ type: z.literal("cancel"), id: CommandId, session: SessionId }),
  /** Somebody watches the console of this session: open its data socket. */
  z.object({ type: z.literal("watch"), session: SessionId }),
  z.object({ type: z.literal("unwatch"), session: SessionId }),
  /** Some of a running command's output did not arrive: it is to be sent again from this character on. */
  z.object({ type: z.literal("output_from"), id: CommandId, offset: z.number().int().min(0) }),
  /** Somebody wants to know something now; neither side keeps it, and a connection that ends ends it. */
  z.object({ type: z.literal("ask"), id: QuestionId, question: Question }),
  /** A copy of the rules: it was wanted, or they have changed. */
  SignedRules.extend({ type: z.literal("rules") }),
]);
export type LinkServerFrame = z.infer<typeof LinkServerFrame>;
