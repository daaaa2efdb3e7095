import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type RawAnswer, type RawRequest, send } from "./socket.ts";

/** What `test/host.ts` takes on its standard input. */
export interface HostOptions {
  readonly store?: string;
  readonly verifier: Readonly<Record<string, unknown>>;
  readonly scopes?: readonly string[];
  readonly cookie?: { readonly name: string };
  readonly origins?: readonly string[];
  readonly adminKey?: string;
  readonly limits?: Readonly<Record<string, unknown>>;
}

/** An application in a process of its own, with everything it wrote. */
export interface HostProcess {
  readonly port: number;
  readonly pid: number;
  /** Standard output and standard error so far. */
  readonly output: () => string;
  readonly send: (request: RawRequest, timeout?: number) => Promise<RawAnswer>;
  readonly close: () => Promise<void>;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const outbound = fileURLToPath(new URL("./outbound.ts", import.meta.url));

/** Starts `test/host.ts` with a binding. Rejects with what it wrote when it ends before it listens. */
export async function startHost(binding: string, options: HostOptions): Promise<HostProcess> {
  const args = ["--conditions=@usermeta/source", "--max-http-header-size=65536", "--import", outbound];
  const child = spawn(process.execPath, [...args, "test/host.ts", binding], { cwd: root, stdio: "pipe" });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(JSON.stringify(options));
  const port = await listening(child, () => output);
  return {
    port,
    pid: child.pid ?? 0,
    output: () => output,
    send: (request, timeout) => send(port, request, timeout),
    close: () => closed(child),
  };
}

function listening(child: ChildProcess, output: () => string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.stdout?.on("data", () => {
      const port = /^listening (\d+)$/m.exec(output())?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.once("error", reject);
    child.once("close", (code) =>
      reject(new Error(`the host ended with code ${code} before it listened:\n${output()}`)),
    );
  });
}

function closed(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("close", () => resolve());
    child.kill();
  });
}
