import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { consoleRoutes } from "@usermeta/console";
import {
  type AdminRoutesOptions,
  adminKey,
  createUserMeta,
  type HttpRequest,
  type HttpResponse,
  jwtVerifier,
  metadataRoutes,
  type Routes,
  type UserMeta,
  type UserMetaOptions,
} from "@usermeta/core";
import { mount } from "@usermeta/express";
import { sqliteStore } from "@usermeta/sqlite";
import { mintToken, testVerifier } from "@usermeta/testkit";
import express, { type RequestHandler } from "express";
import type { Locator, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";

/** The key of the administrator "ops". */
export const key = "the-admin-key-of-the-console-tests-0123456789";
const cookie = "session";

/** A console in front of a store of its own, on a port of this machine. */
export interface Desk {
  readonly meta: UserMeta;
  readonly origin: string;
  readonly url: string;
  /** Every answer of the routes so far: where to, and what with. */
  readonly answers: readonly Answer[];
  /** Runs before the routes, e.g. to lose a request on purpose. */
  intercept: RequestHandler | undefined;
  /** Stops listening, and hangs up on everybody. */
  leave(): Promise<void>;
  /** Listens again, at the same address. */
  comeBack(): Promise<void>;
}

export interface Answer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: string;
}

/** What a desk can be given; by default the key {@link key} opens it. */
export interface DeskOptions extends Partial<Pick<UserMetaOptions, "store" | "schema" | "limits" | "history">> {
  /** Sessions instead of the key: from the cookie `session`; administrators have the claim `role: "admin"`. */
  readonly sessions?: boolean;
}

/** Opens a desk that goes away with the test. */
export async function openDesk({ sessions = false, ...options }: DeskOptions = {}): Promise<Desk> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const meta: UserMeta = createUserMeta({
    store: sqliteStore(":memory:", { indexes: ["public.plan", "private.credits"] }),
    verifier: jwtVerifier(await testVerifier()),
    ...(sessions && { cookie: { name: cookie }, origins: [origin] }),
    ...options,
  }) as UserMeta;
  const authorize: AdminRoutesOptions["authorize"] = sessions
    ? ({ userId, claims }) => claims["role"] === "admin" && { actor: `user:${userId}` }
    : adminKey({ ops: key });

  const answers: Answer[] = [];
  const app = express();
  const desk: Desk = {
    meta,
    origin,
    url: `${origin}/usermeta/console`,
    answers,
    intercept: undefined,
    async leave() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
    async comeBack() {
      await once(server.listen(port, "127.0.0.1"), "listening");
    },
  };
  app.use((req, res, next) => (desk.intercept === undefined ? next() : desk.intercept(req, res, next)));
  const routes = [metadataRoutes(meta), consoleRoutes(meta, { authorize })];
  app.use("/usermeta", mount(routes.map((table) => recorded(table, answers))));
  app.get("/favicon.ico", (_req, res) => void res.status(204).end());
  server.on("request", app);
  onTestFinished(async () => {
    if (server.listening) await desk.leave();
    await meta.close();
  });
  return desk;
}

/** The same routes; whatever they answer is kept. */
function recorded(routes: Routes, answers: Answer[]): Routes {
  const keep = ({ method, url }: HttpRequest, response: HttpResponse): HttpResponse => {
    const { status, body } = response;
    const text =
      typeof body === "string" ? body : body instanceof Uint8Array ? Buffer.from(body).toString("latin1") : "";
    answers.push({ method, path: url, status, body: text });
    return response;
  };
  return {
    table: routes.table,
    handle: (request) => routes.handle(request)?.then((response) => keep(request, response)),
  };
}

/** Opens the console at a place, e.g. `"#/users/ada"`, and signs in with the key. */
export async function openConsole(page: Page, { url }: Desk, place = ""): Promise<void> {
  await page.goto(url + place);
  await page.getByRole("textbox", { name: "Admin key" }).fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
}

/** Puts a session into the browser, as the application's sign-in would. */
export async function signIn(page: Page, { origin }: Desk, claims: Readonly<Record<string, unknown>>): Promise<void> {
  const value = await mintToken({ sub: "root", role: "admin", ...claims });
  await page.context().addCookies([{ name: cookie, value, url: origin, httpOnly: true, sameSite: "Lax" }]);
}

/** The editor of a scope. */
export const editor = (page: Page, scope: string): Locator =>
  page.getByRole("textbox", { name: `${scope} metadata, JSON` });

/** Types a document over what an editor holds. */
export async function write(page: Page, scope: string, document: unknown): Promise<void> {
  await editor(page, scope).click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(typeof document === "string" ? document : JSON.stringify(document, null, 2));
}

/** The panel around an editor. */
export const panel = (page: Page, scope: string): Locator => page.getByRole("region", { name: scope, exact: true });

/** Reviews the edits, and saves them. */
export async function save(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Review and save" }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
}
