import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../../agent-daemon/run.ts";
import { BUILT_TTYD } from "./startTtyd.ts";

/** Debian carries ttyd only as source; libwebsockets is built too, since Debian's looks for its event loop in /usr/lib alone. */
const SOURCES = [
  {
    name: "ttyd",
    url: "http://deb.debian.org/debian/pool/main/t/ttyd/ttyd_1.7.7.orig.tar.xz",
    sha256: "48eba3f76af237f4c09cceb5ddbe0f845832557819f7e5c60c88285f8822af88",
  },
  {
    name: "libwebsockets",
    url: "http://deb.debian.org/debian/pool/main/libw/libwebsockets/libwebsockets_4.1.6.orig.tar.gz",
    sha256: "402e9a8df553c9cd2aff5d7a9758e9e5285bf3070c82539082864633db3deb83",
  },
];
/** Unpacked beside the sources, not installed. */
const PACKAGES = ["libuv1-dev", "libjson-c-dev"];
const VERSION = "1.7.7";

/** Builds ttyd into the cache unless it is there. Needs apt, cmake, a C compiler, libssl-dev and zlib1g-dev. */
export async function buildTtyd(say: (line: string) => void): Promise<void> {
  if (existsSync(BUILT_TTYD)) return;
  say("building ttyd from Debian's source (once, about two minutes)");
  const base = join(dirname(BUILT_TTYD), "build");
  rmSync(base, { recursive: true, force: true });
  mkdirSync(base, { recursive: true });
  for (const { name, url, sha256 } of SOURCES) {
    const archive = join(base, url.slice(url.lastIndexOf("/") + 1));
    writeFileSync(archive, await download(url, sha256));
    mkdirSync(join(base, name));
    await must(base, ["tar", "xf", archive, "-C", name, "--strip-components", "1"]);
  }
  await must(base, ["apt-get", "download", ...PACKAGES]);
  for (const file of readdirSync(base).filter((each) => each.endsWith(".deb")))
    await must(base, ["dpkg", "-x", file, "prefix"]);
  const include = join(base, "prefix/usr/include");
  const library = (name: string) =>
    join(base, "prefix/usr/lib", `${process.arch === "x64" ? "x86_64" : "aarch64"}-linux-gnu`, name);
  const lws = join(base, "lws");
  await must(base, [
    "cmake",
    "-S",
    "libwebsockets",
    "-B",
    lws,
    "-DCMAKE_BUILD_TYPE=Release",
    "-DDISABLE_WERROR=ON",
    "-DLWS_WITH_SHARED=OFF",
    "-DLWS_WITHOUT_TESTAPPS=ON",
    "-DLWS_WITH_LIBUV=ON",
    "-DLWS_WITH_EVLIB_PLUGINS=OFF",
    `-DLWS_LIBUV_LIBRARIES=${library("libuv_a.a")}`,
    `-DLWS_LIBUV_INCLUDE_DIRS=${include}`,
  ]);
  await must(base, ["cmake", "--build", lws, "--target", "websockets", "--parallel", String(cpus().length)]);
  const sources = readdirSync(join(base, "ttyd/src")).filter((name) => name.endsWith(".c"));
  await must(base, [
    "cc",
    "-O2",
    "-D_GNU_SOURCE",
    `-DTTYD_VERSION="${VERSION}"`,
    "-include",
    "/usr/include/pty.h",
    `-I${join(lws, "include")}`,
    `-I${include}`,
    `-I${join(include, "json-c")}`,
    "-Ittyd/src",
    ...sources.map((name) => join("ttyd/src", name)),
    "-o",
    "ttyd.built",
    join(lws, "lib/libwebsockets.a"),
    library("libuv_a.a"),
    library("libjson-c.a"),
    "-lz",
    "-lssl",
    "-lcrypto",
    "-lutil",
    "-lpthread",
    "-ldl",
  ]);
  renameSync(join(base, "ttyd.built"), BUILT_TTYD);
}

async function download(url: string, sha256: string): Promise<Uint8Array> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== sha256) throw new Error(`${url} is not what it was: its SHA-256 is ${found}`);
  return bytes;
}

async function must(cwd: string, argv: [string, ...string[]]): Promise<void> {
  const result = await run({ argv, cwd, timeoutMs: 600_000, maxOutputBytes: 64 * 1024 });
  if (result.status !== "exited" || result.code !== 0)
    throw new Error(`${argv[0]} failed: ${result.stderr.toString("utf8").slice(-2000)}`);
}
