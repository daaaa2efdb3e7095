import { createUserMeta, jwtVerifier, memoryStore, metadataRoutes, type UserMeta } from "@usermeta/core";
import { mount } from "@usermeta/express";
import { mintToken, testVerifier } from "@usermeta/testkit";
import express from "express";
import { serve } from "../serve.ts";
import { openWire, type Wire } from "./wire.ts";

/** An application with pages of its own, the users' routes below `/usermeta`, and sessions in a cookie or a token. */
export interface Site {
  readonly origin: string;
  readonly meta: UserMeta;
  readonly wire: Wire;
  /** Each request for metadata and how its answer begins, e.g. `"GET /me/metadata if-none-match 304"`. */
  readonly log: string[];
  /** Answers that many requests for metadata with 503 and so many seconds in `Retry-After`. @default 0 */
  fail(times: number, retryAfter?: number): void;
  close(): Promise<void>;
}

/** What a site serves beside the routes. */
export interface SiteOptions {
  /** HTML by path. */
  readonly pages?: Readonly<Record<string, string | ((req: express.Request) => string | Promise<string>)>>;
  /** Scripts by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * Opens a site. `GET /signin/<user>` sets the cookie and goes to `?to=`, `POST /refresh/<user>` renews it, `GET /token/<user>`
 * gives a token; `?lifetime=` says for how many seconds.
 */
export async function openSite({ pages = {}, files = {} }: SiteOptions = {}): Promise<Site> {
  const options = {
    verifier: jwtVerifier({ ...(await testVerifier()), clockTolerance: 0 }),
    cookie: { name: "session" },
  };
  const app = express().disable("etag");
  const log: string[] = [];
  let failing = 0;
  let patience = 0;

  const tokenFor = (req: express.Request): Promise<string> => {
    const exp = Math.floor(Date.now() / 1000) + Number(req.query["lifetime"] ?? 3600);
    return mintToken({ sub: String(req.params["user"]), exp });
  };
  app.get("/signin/:user", async (req, res) => {
    res
      .cookie("session", await tokenFor(req), { httpOnly: true, sameSite: "lax" })
      .redirect((req.query["to"] as string | undefined) ?? "/");
  });
  app.post("/refresh/:user", async (req, res) => {
    log.push("refresh");
    res
      .cookie("session", await tokenFor(req), { httpOnly: true, sameSite: "lax" })
      .status(204)
      .end();
  });
  app.get("/token/:user", async (req, res) => void res.send(await tokenFor(req)));
  app.use("/usermeta", (req, res, next) => {
    const { method, url } = req;
    const conditions = ["if-match", "if-none-match", "last-event-id"]
      .filter((name) => name in req.headers)
      .map((name) => ` ${name}`);
    if (method === "OPTIONS") return next();
    const writeHead = res.writeHead.bind(res);
    res.writeHead = ((status: number, ...rest: never[]) => {
      log.push(`${method} ${url}${conditions.join("")} ${status}`);
      return writeHead(status, ...rest);
    }) as typeof res.writeHead;
    if (failing === 0) return next();
    failing--;
    res.status(503).set("retry-after", String(patience)).json({ code: "store_unavailable", detail: "try again" });
  });
  app.use("/usermeta", (req, res, next) => mounted(req, res, next));
  app.use(async (req, res, next) => {
    const [page, file] = [pages[req.path], files[req.path]];
    if (file !== undefined) return void res.type("js").send(file);
    if (page === undefined) return next();
    res.type("html").send(typeof page === "string" ? page : await page(req));
  });

  const server = await serve(app);
  const wire = await openWire(server.port);
  const origin = `http://127.0.0.1:${wire.port}`;
  const meta = createUserMeta({
    ...options,
    store: memoryStore(),
    origins: [origin, origin.replace("127.0.0.1", "localhost")],
  });
  const mounted = mount(metadataRoutes(meta));
  return {
    origin,
    meta,
    wire,
    log,
    fail: (times, retryAfter = 0) => {
      [failing, patience] = [times, retryAfter];
    },
    close: async () => {
      await wire.cut().catch(() => undefined);
      await server.close();
      await meta.close();
    },
  };
}
