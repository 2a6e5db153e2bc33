import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { CreatedHost } from "../../protocol/api.ts";
import { Host } from "../../protocol/host.ts";
import { CuttableProxy } from "./CuttableProxy.ts";
import { AGENT, kill, until, type Signalbox } from "./signalbox.ts";

/** Another machine, as far as Signalbox can tell: a daemon with its own home, connected over a line that can be cut. */
export class RemoteHost {
  readonly id: string;
  readonly proxy: CuttableProxy;
  readonly dir: string;
  readonly #signalbox: Signalbox;
  #process: ChildProcess | null = null;
  output = "";

  private constructor(signalbox: Signalbox, id: string, proxy: CuttableProxy, dir: string) {
    this.#signalbox = signalbox;
    this.id = id;
    this.proxy = proxy;
    this.dir = dir;
  }

  /** Enrols as a person would: a host made on the hosts page, its code given to `signalbox connect`. */
  static async enrol(signalbox: Signalbox, name: string, config = ""): Promise<RemoteHost> {
    const made = await signalbox.api(CreatedHost, "/api/hosts", { body: { name } });
    const proxy = await CuttableProxy.start(signalbox.port);
    const dir = join(signalbox.home, "..", name);
    mkdirSync(join(dir, "tmux"), { recursive: true, mode: 0o700 });
    writeFileSync(join(dir, "agent.yaml"), `state_dir: ${join(dir, "state")}\n${config}`);
    const host = new RemoteHost(signalbox, made.host.id, proxy, dir);
    await host.start(`http://127.0.0.1:${proxy.port}`, "--code", made.code);
    return host;
  }

  /** Runs the daemon in the foreground, until it is online. */
  async start(...args: string[]): Promise<void> {
    this.run(...args);
    await this.presence("online");
  }

  /** Runs `signalbox connect` without waiting for anything. */
  run(...args: string[]): ChildProcess {
    const env = { ...this.#signalbox.env, HOME: this.dir, TMUX_TMPDIR: join(this.dir, "tmux") };
    const argv = [AGENT, "connect", ...args, "--config", join(this.dir, "agent.yaml")];
    const child = spawn(process.execPath, argv, { env, cwd: this.dir, stdio: ["ignore", "pipe", "pipe"] });
    const collect = (chunk: Buffer) => (this.output += chunk.toString());
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    this.#process = child;
    return child;
  }

  presence(wanted: Host["presence"]): Promise<boolean> {
    return until(`the host to be ${wanted} (it says: ${this.output.slice(-2000)})`, async () => {
      const { items } = await this.#signalbox.api(z.object({ items: z.array(Host) }), "/api/hosts");
      return items.some(({ id, presence }) => id === this.id && presence === wanted);
    });
  }

  /** Ends the daemon the hard way. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child?.pid === undefined || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.on("exit", resolve));
    kill(child.pid, "SIGKILL");
    await gone;
  }

  async stop(): Promise<void> {
    await this.kill();
    this.proxy.stop();
  }
}
