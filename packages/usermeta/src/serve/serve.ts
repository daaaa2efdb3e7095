import { invalidConfig, type UserMeta } from "@usermeta/core";
import { loadConfig } from "../config.ts";
import { openApiRoutes } from "../openapi/routes.ts";
import { pageRoutes } from "../pages.ts";
import { openConfigured, type StoreFlags, storeOf } from "../settings.ts";
import { type Api, chooseApis } from "./apis.ts";
import { checkDevApps, createApps } from "./apps.ts";
import { createListener } from "./listener.ts";
import { isLoopback } from "./local.ts";
import { causeOf, createLog, type Log } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { operationsRoutes } from "./operations.ts";
import { type ListeningServer, listen, type TlsFiles } from "./server.ts";
import { type SessionFlags, withSessions } from "./sessions.ts";

/** The options of `usermeta serve`. */
export interface ServeFlags extends StoreFlags, SessionFlags {
  readonly port: number;
  readonly host: string;
  readonly compat?: readonly string[];
  readonly devApps?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly quiet?: boolean;
}

/** Milliseconds that requests have to end in, once the server is told to. */
const grace = 10_000;

/** Serves until a signal ends it, and resolves when everything is answered and closed. Throws `invalid_config`. */
export async function serve(flags: ServeFlags): Promise<void> {
  const log = createLog();
  const told = toldToEnd();
  const config = withSessions(await loadConfig(flags.config), flags);
  const { compat = [] } = flags;
  if (flags.devApps) checkDevApps(typeof storeOf(flags, config) === "string", compat);
  const meta = await openConfigured(flags, config);
  const apps = flags.devApps
    ? createApps(async (namespace) => openConfigured({ ...flags, namespace }, config))
    : undefined;
  try {
    const apis = await chooseApis(meta, { sessions: config.verifier !== undefined, compat, apps });
    checkKeys(apis, flags.host, log);
    const metrics = createMetrics();
    let isEnding = false;
    const isReady = async () => !isEnding && (await isReachable(meta, log));
    const native = apis.filter(({ name }) => name === "own" || name === "admin").map(({ routes }) => routes);
    const { listener, drain } = createListener({
      apis: [
        { name: "operations", routes: operationsRoutes(isReady, metrics) },
        { name: "docs", routes: openApiRoutes(native, { cookie: config.cookie }) },
        ...apis,
        { name: "docs", routes: home }, // after SuperTokens' own greeting
      ],
      isQuiet: flags.quiet === true,
      log,
      metrics,
    });
    const server = await listen(listener, { ...flags, tls: tlsFiles(flags) });
    const startMs = Math.round(process.uptime() * 1000);
    log.info("listening", { url: server.url, apis: apis.map(({ name }) => name), startMs });
    process.on("SIGHUP", () => renewCertificate(server, log));

    const signal = await told;
    isEnding = true;
    log.info("ending", { signal });
    const closed = server.close(grace);
    drain();
    await closed;
  } finally {
    await apps?.close();
    await meta.close();
  }
  log.info("ended");
}

/** What a browser sees first. */
const home = pageRoutes({ "/": () => ({ status: 302, headers: { location: "docs" }, body: "" }) });

/** Without all of its keys a server is for this machine only. Throws `invalid_config`. */
function checkKeys(apis: readonly Api[], host: string, log: Log): void {
  const missing = apis.flatMap(({ open }) => open ?? []);
  if (missing.length === 0) return;
  if (!isLoopback(host))
    throw invalidConfig(
      `to listen on ${host}, set ${missing.join(" and ")} (or …_FILE); without keys only --host 127.0.0.1 is served. Make a key with: openssl rand -hex 32`,
    );
  log.warn("everyone on this machine may read and write everything: set the missing keys", { missing });
}

function tlsFiles({ tlsCert, tlsKey }: ServeFlags): TlsFiles | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw invalidConfig("TLS takes both --tls-cert and --tls-key");
  return { cert: tlsCert, key: tlsKey };
}

async function isReachable(meta: UserMeta, log: Log): Promise<boolean> {
  try {
    await meta.ping();
    return true;
  } catch (error) {
    log.warn("the store does not answer", causeOf(error));
    return false;
  }
}

function renewCertificate(server: ListeningServer, log: Log): void {
  try {
    server.renew();
    log.info("certificate read again");
  } catch (error) {
    log.error("certificate kept: the new one cannot be used", causeOf(error));
  }
}

/** Milliseconds within which a signal comes twice for one Ctrl-C: from the terminal, and from npx or pnpm. */
const echo = 100;

/** The first signal asks to end, the second one insists. */
function toldToEnd(): Promise<string> {
  return new Promise((resolve) => {
    let told: number | undefined;
    const hear = (signal: string) => {
      if (told !== undefined && performance.now() - told > echo) process.exit(1);
      told ??= performance.now();
      resolve(signal);
    };
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, hear);
  });
}
