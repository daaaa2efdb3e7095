import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../packages/usermeta/src/main.ts", import.meta.url));

/** The key of the admin routes. */
export const adminKey = "the-admin-key-of-the-soak-has-32-characters";

/** `usermeta serve` in a process of its own. */
export interface SoakServer {
  readonly url: string;
  readonly pid: number;
  /** Lines of its log that somebody should look at, and whatever it printed beside its log. */
  readonly problems: () => readonly string[];
  /** `kill -9`. */
  readonly kill: () => Promise<void>;
  /** Asks it to end; its exit code. */
  readonly stop: () => Promise<number | null>;
}

/** Starts a server on the SQLite file of a folder. */
export async function startServer(folder: string, args: readonly string[]): Promise<SoakServer> {
  const node = ["--conditions=@usermeta/source", main, "serve", "--index", "public.plan", ...args];
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, node, {
    cwd: folder,
    env: { NODE_ENV: "production", PATH, USERMETA_ADMIN_KEY: adminKey },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(child, "close");
  const killed = () => child.kill("SIGKILL"); // with whoever started it
  process.once("exit", killed);
  void closed.then(() => process.off("exit", killed));
  const problems: string[] = [];
  let url: string | undefined;
  let rest = "";
  const read = (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.includes('"message":"listening"')) url = (JSON.parse(line) as { url: string }).url;
      if (!line.includes('"level":"info"')) problems.push(line);
    }
  };
  child.stdout.on("data", read);
  child.stderr.on("data", (chunk: Buffer) => problems.push(chunk.toString()));
  while (url === undefined) {
    const ended = await Promise.race([once(child.stdout, "data"), closed.then(() => undefined)]);
    if (ended === undefined) throw new Error(`the server ended: ${problems.join("\n")}`);
  }
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    const [code] = (await closed) as [number | null];
    return code;
  };
  return {
    url,
    pid: child.pid as number,
    problems: () => problems,
    kill: async () => void (await end("SIGKILL")),
    stop: async () => end("SIGTERM"),
  };
}
