import { describe, test } from "vitest";
import { planService } from "./installService.ts";
import type { PlanInput } from "./installService.ts";

const INPUT: PlanInput = {
  platform: "linux",
  home: "/home/me",
  uid: 1000,
  argv: ["/opt/node bin/node", '/home/me/a%b$c"d/agent.mjs', "connect"],
  env: { PATH: "/usr/bin:/bin", TMUX_TMPDIR: "/run/tmux", SECRET: "no" },
  stateDir: "/home/me/.local/state/signalbox",
};

describe("a systemd unit", () => {
  const plan = planService(INPUT);
  const text = plan.files[0]?.text ?? "";

  test("starts exactly these words, whatever is in them", ({ expect }) => {
    expect(text).toContain('ExecStart="/opt/node bin/node" "/home/me/a%%b$$c\\"d/agent.mjs" "connect"\n');
  });

  test("keeps where programs and tmux's sockets are found, and nothing else of the environment", ({
    expect,
  }) => {
    expect(text.match(/^Environment=.*$/gm)).toEqual([
      'Environment="PATH=/usr/bin:/bin"',
      'Environment="TMUX_TMPDIR=/run/tmux"',
    ]);
  });

  test("leaves tmux and jobs alone when it stops, and does not come back from what is final", ({
    expect,
  }) => {
    expect(text).toMatch(/^KillMode=process$/m);
    expect(text).toMatch(/^RestartPreventExitStatus=2 3 10 11$/m);
  });

  test("is this person's own", ({ expect }) => {
    expect(plan.files[0]?.path).toBe("/home/me/.config/systemd/user/signalbox.service");
    expect(plan.steps.map(({ argv }) => argv.join(" "))).toEqual([
      "systemctl --user daemon-reload",
      "systemctl --user enable signalbox.service",
      "systemctl --user restart signalbox.service",
      "loginctl enable-linger",
    ]);
  });
});

test("a launchd agent escapes its words", ({ expect }) => {
  const plan = planService({ ...INPUT, platform: "darwin", argv: ["/node", "a&b<c>"] });
  expect(plan.files[0]?.path).toBe("/home/me/Library/LaunchAgents/app.signalbox.daemon.plist");
  expect(plan.files[0]?.text).toContain("<string>a&amp;b&lt;c&gt;</string>");
  expect(plan.steps[1]?.argv).toEqual(["launchctl", "bootstrap", "gui/1000", plan.files[0]?.path]);
});

test("elsewhere it says so", ({ expect }) => {
  expect(() => planService({ ...INPUT, platform: "freebsd" })).toThrow(/cannot be installed on freebsd/);
});
