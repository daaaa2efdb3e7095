import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  cpSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const example = join(root, "examples/nextjs");
const additions = join(root, "packages/nextjs/test/site");
const builds = join(root, "examples/.next");
const generated = /[\\/](node_modules|\.next)([\\/]|$)|\.db|next-env\.d\.ts$|\.tsbuildinfo$/;
const sources =
  "{examples/nextjs,packages/nextjs/test/site,packages/{client,core,dynamodb,mysql,nextjs,postgres,react,redis,sqlite,usermeta}/src}/**/*.{ts,tsx,json}";

/** Builds the example, with the routes of `site/` added, once per state of the sources. Returns its folder. */
export async function buildSite(): Promise<string> {
  const site = join(builds, fingerprint());
  mkdirSync(builds, { recursive: true });
  while (!isBuilt(site)) {
    if (!takeLock(`${site}.lock`)) await new Promise((resolve) => setTimeout(resolve, 200));
    else {
      try {
        if (!isBuilt(site)) await build(site);
      } finally {
        rmSync(`${site}.lock`);
      }
    }
  }
  utimesSync(site, new Date(), new Date());
  return site;
}

const isBuilt = (site: string): boolean => statSync(join(site, "built"), { throwIfNoEntry: false }) !== undefined;

async function build(site: string): Promise<void> {
  rmSync(site, { recursive: true, force: true });
  removeUnused();
  for (const folder of [example, additions])
    cpSync(folder, site, { recursive: true, filter: (path) => !generated.test(path.slice(folder.length)) });
  symlinkSync(join(example, "node_modules"), join(site, "node_modules"));
  const config = readFileSync(join(site, "tsconfig.json"), "utf8");
  writeFileSync(join(site, "tsconfig.json"), config.replaceAll('"../../', '"../../../')); // one folder deeper
  const child = spawn(process.execPath, [join(site, "node_modules/next/dist/bin/next"), "build"], {
    cwd: site,
    env: { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`next build ended with code ${code}:\n${output}`);
  writeFileSync(join(site, "built"), "");
}

/** Builds of sources that nobody has asked for since an hour. */
function removeUnused(): void {
  for (const name of readdirSync(builds)) {
    const folder = join(builds, name);
    const { mtimeMs = Date.now() } = statSync(folder, { throwIfNoEntry: false }) ?? {};
    if (Date.now() - mtimeMs > 3_600_000) rmSync(folder, { recursive: true, force: true });
  }
}

function fingerprint(): string {
  const hash = createHash("sha256").update(process.version);
  for (const file of globSync(sources, { cwd: root, exclude: (path) => generated.test(`/${path}`) }).sort())
    hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest("hex").slice(0, 16);
}

/** The lock of a process that is gone is taken over. */
function takeLock(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    if (!isAlive(Number(readLock(file)))) rmSync(file, { force: true });
    return false;
  }
}

function readLock(file: string): string {
  try {
    return readFileSync(file, "utf8") || String(process.pid); // empty: about to be written
  } catch {
    return String(process.pid); // just released
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
