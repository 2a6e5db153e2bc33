import { createHmac } from "node:crypto";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import {
  type HostRule,
  RULES_COPY_LIFE_MS,
  RULES_KEY_LABEL,
  type RulesCopy,
  type SignedRules,
} from "../../protocol/hostRules.ts";
import { newId } from "../../protocol/ids.ts";
import type { Act } from "../../protocol/isAllowed.ts";
import { formatHostToken } from "../../protocol/tokens.ts";
import { openStore } from "../store.ts";
import { tempDir } from "../testing/tempDir.ts";
import { openHostRules } from "./openHostRules.ts";

const HOUR = 3_600_000;
const HOST = newId("hst");
const TOKEN = formatHostToken(HOST, "a".repeat(43));
const RULE: HostRule = {
  id: newId("rul"),
  tool: "Bash",
  host: null,
  workspace: null,
  pattern: "Bash git status",
  input_sha256: null,
  by: "ann",
  expires_at: null,
};
const ACT: Act = {
  requester: "claude",
  tool: "Bash",
  scope: "execute",
  summary: "Bash git status --short",
  input_sha256: "a".repeat(64),
  host: HOST,
  workspace: "/w",
};

let clock = { now: 0, uptime: 0, token: TOKEN };
let path: string;
const warnings: unknown[] = [];
beforeEach(() => {
  clock = { now: 1_800_000_000_000, uptime: 0, token: TOKEN };
  path = join(tempDir(), "agent.db");
  warnings.length = 0;
});

function sign(copy: string, token = TOKEN): SignedRules {
  const key = createHmac("sha256", token).update(RULES_KEY_LABEL).digest();
  return { copy, signature: createHmac("sha256", key).update(copy).digest("hex") };
}
function copyOf(over: Partial<RulesCopy> = {}): string {
  const issued_at = over.issued_at ?? clock.now;
  return JSON.stringify({
    host: HOST,
    issued_at,
    expires_at: issued_at + RULES_COPY_LIFE_MS,
    rules: [RULE],
    ...over,
  });
}
/** The daemon starts, again with what is in its store. */
function open() {
  const store = openStore(path);
  onTestFinished(() => store.close());
  const rules = openHostRules({
    store,
    token: () => ({ token: clock.token }),
    log: (_level, message, fields) => warnings.push({ message, ...fields }),
    now: () => clock.now,
    uptime: () => clock.uptime,
  });
  return { ...rules, store };
}
function later(ms: number): void {
  clock.now += ms;
  clock.uptime += ms;
}

describe("the host's copy of the rules", () => {
  it("allows what a rule allows, and asks for everything else", () => {
    const rules = open();
    expect(rules.find(ACT)).toBeNull(); // there is none yet
    rules.take(sign(copyOf()));
    expect(rules.find(ACT)).toMatchObject({ id: RULE.id, by: "ann" });
    expect(rules.find({ ...ACT, summary: "Bash git status && rm -r ." })).toBeNull();
    expect(rules.find({ ...ACT, tool: "Write" })).toBeNull();
    expect(rules.find({ ...ACT, unverified: true })).toBeNull();
    expect(rules.find({ ...ACT, tool: "Read", scope: "read" })).toBeNull(); // no rule says so
    rules.take(sign(copyOf({ rules: [{ ...RULE, expires_at: clock.now + HOUR }] })));
    expect(rules.find(ACT)).not.toBeNull();
    later(HOUR);
    expect(rules.find(ACT)).toBeNull();
  });

  it("is good for a day, also after the daemon started again, and not a moment longer", () => {
    open().take(sign(copyOf()));
    later(RULES_COPY_LIFE_MS - 1);
    expect(open().find(ACT)).not.toBeNull();
    later(1);
    expect(open().find(ACT)).toBeNull();
  });

  it.each([
    ["forged", () => ({ ...sign(copyOf()), signature: "0".repeat(64) })],
    ["changed", () => ({ ...sign(copyOf()), copy: copyOf({ rules: [{ ...RULE, pattern: "Bash git" }] }) })],
    ["truncated", () => ({ ...sign(copyOf()), copy: copyOf().slice(0, -20) })],
    [
      "for another host, with that host's key",
      () => sign(copyOf(), formatHostToken(newId("hst"), "a".repeat(43))),
    ],
    ["for another host, with this one's key", () => sign(copyOf({ host: newId("hst") }))],
    ["of another form", () => sign('{"rules":[]}')],
    ["from a time to come", () => sign(copyOf({ issued_at: clock.now + HOUR }))],
    ["expired", () => sign(copyOf({ issued_at: clock.now - RULES_COPY_LIFE_MS }))],
  ])("that is %s does not count", (_, made) => {
    const rules = open();
    rules.take(made());
    expect(rules.find(ACT)).toBeNull();
    rules.take(sign(copyOf({ issued_at: clock.now + HOUR + 1 })));
    later(HOUR + 1);
    expect(rules.find(ACT)).not.toBeNull();
  });

  it("that was changed in the store does not count", () => {
    const rules = open();
    rules.take(sign(copyOf()));
    for (const change of [
      "UPDATE host_rules SET copy = replace(copy, 'git status', 'git')",
      "UPDATE host_rules SET copy = substr(copy, 1, length(copy) - 3)",
      `UPDATE host_rules SET signature = '${"0".repeat(64)}'`,
      "UPDATE host_rules SET signature = ''",
    ]) {
      rules.store.db.exec(`BEGIN; ${change}; COMMIT`);
      expect(rules.find({ ...ACT, summary: "Bash git push" })).toBeNull();
      expect(rules.find(ACT)).toBeNull();
      rules.take(sign(copyOf()));
      expect(rules.find(ACT)).not.toBeNull();
    }
  });

  it("gives way to a newer one, never to an older: a rule that was revoked does not come back", () => {
    const before = sign(copyOf());
    later(1_000);
    const rules = open();
    rules.take(before);
    rules.take(sign(copyOf({ rules: [] })));
    expect(rules.find(ACT)).toBeNull();
    rules.take(before);
    expect(rules.find(ACT)).toBeNull();
    // Put back into the store itself.
    rules.store.db
      .prepare("UPDATE host_rules SET copy = ?, signature = ?")
      .run(before.copy, before.signature);
    expect(open().find(ACT)).toBeNull();
    rules.forget();
    rules.take(before);
    expect(rules.find(ACT)).toBeNull();
  });

  it("does not count once the clock was put back, nor where it is behind, until a new one comes", () => {
    const rules = open();
    rules.take(sign(copyOf()));
    later(10 * HOUR);
    rules.tick();
    clock.now -= HOUR;
    expect(rules.find(ACT)).toBeNull();
    expect(open().find(ACT)).toBeNull();
    rules.take(sign(copyOf({ issued_at: clock.now })));
    expect(rules.find(ACT)).not.toBeNull();
    clock.now -= 1_000; // clocks are set right by a little now and then
    expect(rules.find(ACT)).not.toBeNull();
  });

  it("expires by the time that the daemon has run, whatever the clock says", () => {
    const rules = open();
    rules.take(sign(copyOf()));
    clock.uptime += RULES_COPY_LIFE_MS;
    expect(rules.find(ACT)).toBeNull();
  });

  it("goes with the host's token, and when the edge does not know the host any more", () => {
    const rules = open();
    rules.take(sign(copyOf()));
    clock.token = formatHostToken(HOST, "b".repeat(43));
    expect(rules.find(ACT)).toBeNull();
    clock.token = TOKEN;
    expect(rules.find(ACT)).not.toBeNull();
    rules.forget();
    expect(rules.find(ACT)).toBeNull();
    expect(JSON.stringify(warnings)).not.toContain(TOKEN);
  });
});
