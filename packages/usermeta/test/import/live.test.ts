import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { serve as listen } from "../../../../test/serve.ts";
import { formats } from "../../src/import/formats.ts";
import { type LiveName, openApi } from "../../src/import/live.ts";
import { scratchFolder, serve, start } from "../served.ts";
import { importInto, metaOn } from "./sources.ts";

type Handler = (url: URL, req: IncomingMessage) => unknown;

const key = "sk_test_of_the_loopback_server";

/** An API that answers with JSON, and counts what it was asked. */
async function api(handle: Handler): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = await listen((req: IncomingMessage, res: ServerResponse) => {
    const url = new URL(req.url ?? "", "http://localhost");
    asked.push(`${req.method} ${url.pathname}`);
    if (req.headers.authorization !== `Bearer ${key}`) return res.writeHead(401).end("{}");
    void Promise.resolve(handle(url, req)).then((answer) => {
      if (answer instanceof Response) {
        res.writeHead(answer.status, Object.fromEntries(answer.headers));
        return answer.text().then((text) => res.end(text));
      }
      res.setHeader("content-type", "application/json");
      return res.end(typeof answer === "string" ? answer : JSON.stringify(answer));
    });
    return res;
  });
  onTestFinished(() => server.close());
  return { url: `http://127.0.0.1:${server.port}`, asked };
}

const slice = <T>(items: readonly T[], from: number, count: number): readonly T[] => items.slice(from, from + count);
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);
const number = (url: URL, name: string): number => Number(url.searchParams.get(name));

/** Clerk's `GET /v1/users`, as its clients see it. */
function clerk(count: number): Handler {
  const users = numbers(count).map((i) => ({
    object: "user",
    id: `user_${i}`,
    public_metadata: { number: i },
    private_metadata: i % 2 ? { stripe: `cus_${i}` } : null,
    unsafe_metadata: {},
  }));
  return (url) => {
    if (url.pathname === "/v1/users/count") return { object: "total_count", total_count: count };
    if (url.pathname !== "/v1/users" || url.searchParams.get("order_by") !== "+created_at") return { users: "none" };
    return slice(users, number(url, "offset"), Math.min(number(url, "limit"), 500));
  };
}

/** Lists of users, which usermeta does not serve; metadata is usermeta's own of that dialect. */
async function inFrontOf(dialect: "supertokens" | "hanko", users: readonly string[], bulk = true): Promise<Handler> {
  const env = { SUPERTOKENS_API_KEY: key, HANKO_API_KEY: key };
  const { url: behind } = await serve(["--compat", dialect], { env });
  return async (url, req) => {
    if (dialect === "supertokens" && url.pathname === "/users/count") return { status: "OK", count: users.length };
    if (url.pathname === "/users" && dialect === "supertokens") {
      const from = Number(url.searchParams.get("paginationToken") ?? 0);
      const next = from + number(url, "limit");
      const page = slice(users, from, number(url, "limit")).map((id) => ({
        id,
        isPrimaryUser: false,
        loginMethods: [],
      }));
      return { status: "OK", users: page, ...(next < users.length && { nextPaginationToken: String(next) }) };
    }
    if (url.pathname === "/users") {
      const size = number(url, "per_page");
      const page = slice(users, (Math.max(number(url, "page"), 1) - 1) * size, size).map((id) => ({ id }));
      return new Response(JSON.stringify(page), { headers: { "x-total-count": String(users.length) } });
    }
    if (!bulk && url.pathname.endsWith("/bulk")) return new Response("Not found", { status: 404 });
    const body = req.method === "GET" ? undefined : await new Response(ReadableStream.from(req)).text();
    return fetch(behind + url.pathname + url.search, {
      method: req.method ?? "GET",
      headers: { authorization: `Bearer ${key}`, "api-key": key, "content-type": "application/json" },
      ...(body !== undefined && { body }),
    });
  };
}

const source = (name: LiveName, url: string) => openApi(name, { url, key });

describe("An import from a vendor's API", () => {
  it("reads every page of Clerk's users", async () => {
    const { url, asked } = await api(clerk(1_203));
    const meta = metaOn();
    const { tally, row } = await importInto(meta, source("clerk", url), { format: formats.clerk });
    expect({ row, tally }).toMatchObject({ row: 1_203, tally: { created: 1_203, refused: 0 } });
    expect(await meta.get("user_1201")).toMatchObject({ public: { number: 1201 }, private: { stripe: "cus_1201" } });
    expect(asked).toEqual(["GET /v1/users/count", ...Array(4).fill("GET /v1/users")]);
  });

  it.each([
    ["in one request for five hundred", true],
    ["one by one, where the core knows no other way", false],
  ])("reads SuperTokens' metadata %s", async (_how, bulk) => {
    const users = numbers(bulk ? 620 : 30).map((i) => `st-${i}`);
    const { url } = await api(await inFrontOf("supertokens", users, bulk));
    const put = (userId: string, metadataUpdate: object) =>
      fetch(`${url}/recipe/user/metadata`, {
        method: "PUT",
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify({ userId, metadataUpdate }),
      });
    await put("st-0", { first_name: "Ada" });
    await put(users.at(-1) as string, { plan: "pro" });
    const meta = metaOn();
    const { tally } = await importInto(meta, source("supertokens", url), { format: formats.supertokens });
    expect(tally).toMatchObject({ created: 2, unchanged: users.length - 2, refused: 0 });
    expect((await meta.get("st-0")).private).toEqual({ first_name: "Ada" });
  });

  it("asks Hanko for each user's metadata", async () => {
    const users = numbers(130).map((i) => `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`);
    const { url } = await api(await inFrontOf("hanko", users));
    const last = users.at(-1) as string;
    await fetch(`${url}/users/${last}/metadata`, {
      method: "PATCH",
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ private_metadata: { credits: 3 }, unsafe_metadata: { theme: "dark" } }),
    });
    const meta = metaOn();
    const { tally } = await importInto(meta, source("hanko", url), { format: formats.hanko });
    expect(tally).toMatchObject({ created: 1, unchanged: 129, refused: 0 });
    expect(await meta.get(last)).toMatchObject({ private: { credits: 3 }, unsafe: { theme: "dark" } });
  });

  it("goes on at the user where it was stopped", async () => {
    const { url, asked } = await api(clerk(1_203));
    const position = {
      run: "run",
      row: 1_000,
      tally: { created: 1_000, changed: 0, unchanged: 0, repeated: 0, refused: 0 },
    };
    const meta = metaOn();
    await meta.update("user_999", { public: { number: 999 } });
    const incarnation = (await meta.records.read("user_999")).incarnation;
    const found = { ...position, witness: { userId: "user_999", incarnation } };
    const checkpoint = { found, save: () => {}, remove: () => {} };
    const { tally } = await importInto(meta, source("clerk", url), { format: formats.clerk, checkpoint });
    expect(tally.created).toBe(1_203);
    expect((await meta.get("user_1000")).version).toBe(1);
    expect((await meta.get("user_998")).version).toBe(0);
    expect(asked).toHaveLength(3);
  });

  it("waits when it is told to, and gives up on a key that is refused", async () => {
    let calls = 0;
    const answer = clerk(3);
    const { url } = await api((...request) =>
      ++calls % 2 ? new Response("{}", { status: 429, headers: { "retry-after": "0.05" } }) : answer(...request),
    );
    const { tally } = await importInto(metaOn(), source("clerk", url), { format: formats.clerk });
    expect(tally.created).toBe(3);
    const wrong = openApi("clerk", { url, key: "wrong" });
    await expect(importInto(metaOn(), wrong, { format: formats.clerk })).rejects.toMatchObject({
      code: "invalid_config",
    });
  });

  it("refuses a number that would be rounded, and names the user by number only", async () => {
    const { url } = await api((url) =>
      url.pathname === "/v1/users/count"
        ? { total_count: 1 }
        : url.searchParams.get("offset") === "0"
          ? '[{"id":"user_1","private_metadata":{"big":12345678901234567890}}]'
          : [],
    );
    const { refused } = await importInto(metaOn(), source("clerk", url), { format: formats.clerk });
    expect(refused).toEqual(["1 invalid_number /private_metadata/big"]);
  });

  it("is one command, with the key from the environment", async () => {
    const { url } = await api(clerk(7));
    const folder = scratchFolder();
    const env = { CLERK_SECRET_KEY: key };
    const imported = start(["import", url, "--from", "clerk", "--json"], { folder, env });
    expect(await imported.ended).toBe(0);
    expect(JSON.parse(imported.printed())).toMatchObject({ end: "finished", created: 7 });
    const read = start(["get", "user_3", "public.number"], { folder });
    expect(await read.ended).toBe(0);
    expect(read.printed()).toBe("3\n");
  });
});
