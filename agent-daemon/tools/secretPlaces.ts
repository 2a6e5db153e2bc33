import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import * as z from "zod";
import { isWithin } from "./isWithin.ts";

/** A place: a path (`/…` or `~/…`), or the name of a file or directory wherever it is, in which `*` stands for anything. */
const Place = z
  .string()
  .max(4096)
  .regex(
    /^(?:~?\/[^\0]*|[^/\0]+)$/,
    "a place is a path that begins with / or ~/, or a name without any slash",
  );

/** Which places hold secrets, beside {@link SECRET_PLACES}. */
export const SecretsConfig = z.strictObject({
  closed: z.array(Place).max(1000).default([]),
  /** Places that are open all the same; they win. */
  open: z.array(Place).max(1000).default([]),
});
export type SecretsConfig = z.infer<typeof SecretsConfig>;

/** What well-known programs keep secrets in, and what people type into their shells. Whatever the workspaces are, it takes a grant to read it. */
export const SECRET_PLACES: readonly string[] = [
  // Wherever they are: keys, logins, and the environment of programs.
  [".ssh", ".gnupg", ".aws", ".azure", ".kube", ".netrc", ".pgpass", ".pypirc", ".git-credentials"],
  ["id_rsa", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"],
  [".env", ".env.*", ".envrc"],
  // Logins of programs.
  ["~/.config/gcloud", "~/.config/gh", "~/.config/hub", "~/.config/glab-cli", "~/.config/git/credentials"],
  ["~/.docker", "~/.npmrc", "~/.yarnrc.yml", "~/.my.cnf", "~/.vault-token", "~/.fly", "~/.wrangler"],
  ["~/.config/.wrangler", "~/.config/doctl", "~/.config/rclone", "~/.config/sops", "~/.config/op"],
  ["~/.cargo/credentials", "~/.cargo/credentials.toml", "~/.gem/credentials", "~/.m2/settings.xml"],
  ["~/.gradle/gradle.properties", "~/.terraform.d/credentials.tfrc.json", "~/.config/composer/auth.json"],
  ["~/.composer/auth.json", "~/.config/containers/auth.json", "~/.config/age"],
  // Logins of agents.
  ["~/.claude/.credentials.json", "~/.claude.json", "~/.codex/auth.json", "~/.gemini/oauth_creds.json"],
  ["~/.local/share/opencode/auth.json", "~/.config/github-copilot", "~/.config/signalbox"],
  // Keyrings and browsers.
  ["~/.local/share/keyrings", "~/.local/share/kwalletd", "~/.password-store", "~/Library/Keychains"],
  ["~/.mozilla", "~/.thunderbird", "~/.config/google-chrome", "~/.config/chromium", "~/.config/vivaldi"],
  ["~/.config/BraveSoftware", "~/.config/microsoft-edge", "~/.config/opera", "~/.librewolf", "~/.zen"],
  ["~/snap/firefox", "~/snap/chromium", "~/.var/app", "~/Library/Application Support/Google/Chrome"],
  ["~/Library/Application Support/Firefox", "~/Library/Application Support/BraveSoftware"],
  ["~/Library/Application Support/Microsoft Edge", "~/Library/Application Support/Arc"],
  ["~/Library/Application Support/Chromium", "~/Library/Safari", "~/Library/Cookies"],
  // What was typed.
  [".bash_history", ".zsh_history", ".python_history", ".node_repl_history", ".psql_history"],
  [".mysql_history", ".sqlite_history", ".rediscli_history", ".histfile", ".sh_history"],
  ["~/.zsh_sessions", "~/.bash_sessions", "~/.local/share/fish/fish_history", "~/.lesshst", "~/.viminfo"],
].flat();

/** Files that show how an environment looks, without its values. */
const OPEN_PLACES: readonly string[] = [".env.example", ".env.sample", ".env.template", ".env.dist"];

/** The places that hold secrets, as they are now. */
export type Secrets = {
  /** Whether a path without symbolic links is in one of them. */
  holds(path: string): boolean;
  /** The names of them, with `*`, and the paths: what a search leaves out. */
  names: readonly string[];
  paths: readonly string[];
};

/** No place holds secrets. */
export const NO_SECRETS: Secrets = { holds: () => false, names: [], paths: [] };

/** Resolves the places: one that is a link closes what it leads to as well. */
export function findSecrets(config: SecretsConfig, home: string = homedir()): Secrets {
  const closed = sorted([...SECRET_PLACES, ...config.closed], home);
  const open = sorted([...OPEN_PLACES, ...config.open], home);
  const inOne = ({ paths, named }: Places, path: string) =>
    paths.some((each) => isWithin(each, path)) || path.split("/").some((name) => named.test(name));
  return {
    holds(path) {
      // As file systems that take no notice of case would find it.
      const wanted = path.toLowerCase();
      return inOne(closed, wanted) && !inOne(open, wanted);
    },
    names: closed.names,
    paths: closed.paths,
  };
}

function realOrWritten(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path; // one that is missing is closed by its name
  }
}

type Places = { names: string[]; paths: string[]; named: RegExp };

function sorted(places: readonly string[], home: string): Places {
  const names = places.filter((place) => !place.includes("/"));
  const written = places
    .filter((place) => place.includes("/"))
    .map((place) => (place.startsWith("~/") ? home + place.slice(1) : place).replace(/\/+$/, ""));
  // Each call waits for this: one after the other takes a quarter of the time that the thread pool takes.
  const real = written.map(realOrWritten);
  const paths = [...new Set([...written, ...real])].map((path) => path.toLowerCase());
  const patterns = names.map((name) =>
    name
      .toLowerCase()
      .split("*")
      .map((piece) => piece.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"))
      .join(".*"),
  );
  return { names, paths, named: new RegExp(`^(?:${patterns.join("|") || "(?!)"})$`, "s") };
}
