// A process that sends requests: by wrk where that is installed, by autocannon otherwise.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import autocannon from "autocannon";
import { which } from "../../servers.ts";
import { answer } from "./child.ts";

/** Requests that differ in their token only. */
export interface Load {
  readonly port: number;
  readonly method: "GET" | "PATCH";
  /** @default "/" */
  readonly path?: string | undefined;
  readonly tokens: readonly string[];
  /** `$N` in it becomes another number in each request. */
  readonly body?: string | undefined;
  /** How many are sent, by autocannon; wrk sends for a second. */
  readonly amount: number;
  /** The token that comes first; the others follow in turn. */
  readonly first: number;
}

/** What came of them. */
export interface Loaded {
  readonly requests: number;
  readonly seconds: number;
}

const connections = 64;
const host = "127.0.0.1";
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const headersOf = (token: string): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  "content-type": "application/json",
});

let number = Date.now(); // none comes twice, though processes do
const numbered = (body: string): string => body.replace("$N", String(number++));

/** Every token once, so that each server knows them all; and the status of each answer. */
async function once({ port, method, path = "/", tokens, body }: Load): Promise<object> {
  const statuses: Record<number, number> = {};
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < tokens.length) {
      const headers = headersOf(tokens[next++] as string);
      const status = await new Promise<number>((resolve, reject) => {
        const sent = request({ host, port, method, path, headers, agent }, (res) => {
          res.resume().once("end", () => resolve(res.statusCode ?? 0));
        });
        sent.once("error", reject).end(body && numbered(body));
      });
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  return { statuses };
}

async function byAutocannon({ port, method, path = "/", tokens, body, amount, first }: Load): Promise<Loaded> {
  let client = 0;
  const each = Math.ceil(amount / connections);
  const started = performance.now();
  const result = await autocannon({
    url: `http://${host}:${port}`,
    method,
    connections,
    amount,
    excludeErrorStats: true,
    ...({ sampleInt: 10 } as object),
    setupClient: (one) => {
      const from = first + each * client++;
      const own = Array.from({ length: Math.min(each, tokens.length) }, (_, i) => tokens[(from + i) % tokens.length]);
      one.setRequests(
        own.map((token) => {
          const request = { method, path, headers: headersOf(token as string) };
          return (body === undefined ? request : { ...request, body: numbered(body) }) as autocannon.Request;
        }),
      );
    },
  });
  const seconds = (performance.now() - started) / 1000;
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx + result.errors} requests failed`);
  return { requests: result["2xx"], seconds };
}

const script = `
local tokens = {}
local at = 0
local number = os.time() * 1000
function init(args)
  for line in io.lines(args[1]) do tokens[#tokens + 1] = line end
  at = tonumber(args[2])
end
function request()
  at = at % #tokens + 1
  number = number + 1
  local body = wrk.body and string.gsub(wrk.body, "%$N", tostring(number)) or nil
  return wrk.format(wrk.method, wrk.path, { Authorization = "Bearer " .. tokens[at], ["Content-Type"] = "application/json" }, body)
end
function done(summary)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d\\n", summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout))
end
`;

async function byWrk(wrk: string, { port, method, path = "/", tokens, body, first }: Load): Promise<Loaded> {
  const folder = mkdtempSync(join(tmpdir(), "usermeta-wrk-"));
  try {
    const settings = `wrk.method = ${JSON.stringify(method)}\n${body === undefined ? "" : `wrk.body = ${JSON.stringify(body)}\n`}`;
    writeFileSync(join(folder, "script.lua"), settings + script);
    writeFileSync(join(folder, "tokens"), tokens.join("\n"));
    const args = ["-t1", `-c${connections}`, "-d1s", "-s", join(folder, "script.lua"), `http://${host}:${port}${path}`];
    const { stdout } = await promisify(execFile)(wrk, [...args, "--", join(folder, "tokens"), String(first)]);
    const [requests = 0, duration = 0, errors = 1] = (/RESULT (.+)/.exec(stdout)?.[1] ?? "").split(" ").map(Number);
    if (errors > 0) throw new Error(`${errors} requests failed`);
    return { requests, seconds: duration / 1e6 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const wrk = which("wrk");

answer(async (message: { readonly load: Load; readonly isWarmUp?: true; readonly isQuick?: true }) => {
  if (message.isWarmUp) return once(message.load);
  return wrk === undefined || message.isQuick ? byAutocannon(message.load) : byWrk(wrk, message.load);
});
