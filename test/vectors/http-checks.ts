import { setTimeout as sleep } from "node:timers/promises";
import { consoleRoutes } from "@usermeta/console";
import {
  adminKey,
  adminRoutes,
  createSession,
  createUserMeta,
  type MetadataStore,
  memoryStore,
  metadataRoutes,
} from "@usermeta/core";
import { expect } from "vitest";
import { expectHeader } from "./header-expectation.ts";
import type { HttpCase } from "./http-case.ts";
import type { RawAnswer, RawRequest } from "./socket.ts";
import { openWorld, secrets, type World } from "./world.ts";

type Check = (world: World, testCase: HttpCase) => Promise<void>;

const verifier = () => {
  throw new Error("nobody has a session here");
};
const bearer = (token: string): [string, string] => ["Authorization", `Bearer ${token}`];
const json: [string, string] = ["Content-Type", "application/json"];

/** What a problem document holds (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string;
}

/** Asserts that an answer is a problem document that agrees with its own status. */
export function expectProblem(answer: RawAnswer): Problem {
  expect(answer.headers.get("content-type"), answer.body).toBe("application/problem+json");
  const problem = JSON.parse(answer.body) as Problem;
  expect(problem).toEqual(
    expect.objectContaining({ type: `urn:usermeta:error:${problem.code}`, status: answer.status }),
  );
  expect(problem.title).toEqual(expect.any(String));
  return problem;
}

/** One request per route and fault. The tables of core say which routes there are. */
async function faults(world: World): Promise<readonly RawRequest[]> {
  const meta = createUserMeta({ store: memoryStore(), verifier });
  const admin = adminRoutes(meta, { authorize: adminKey({ ops: world.adminKey }) });
  const credentials = async (path: string): Promise<string> =>
    path.startsWith("/admin") ? world.adminKey : await world.token("user_1");
  const all: RawRequest[] = [];
  for (const { method, path: template } of [...metadataRoutes(meta).table, ...admin.table]) {
    if (method === "OPTIONS" || method === "HEAD") continue; // a preflight is no fault, and HEAD has no body to look at
    const path = template.replaceAll(/\{\w+\}/g, "user_1");
    const auth = bearer(await credentials(path));
    all.push({ method, path });
    all.push({ method, path, headers: [bearer("bad")] });
    // Next's app router answers methods that a route cannot export itself; see `differences.ts`.
    if (world.binding !== "nextjs") all.push({ method: "QUERY", path, headers: [auth] });
    if (template.includes("{id}"))
      all.push({
        method,
        path: template.replace("{id}", "a%00b").replace(/\{\w+\}/, "x"),
        headers: [auth, json],
        body: "{}",
      });
    if (method !== "PATCH" && method !== "PUT") continue;
    for (const [type, body] of [
      ["text/plain", "{}"],
      ["application/json", "{"],
      ["application/json", '{"x":1}'],
    ] as const)
      all.push({ method, path, headers: [auth, ["Content-Type", type]], body });
    all.push({ method, path, headers: [auth, json, ["If-Match", '"stale"']], body: '{"unsafe":{"a":1}}' });
    all.push({ method, path, headers: [auth, json], body: JSON.stringify({ unsafe: { s: "x".repeat(3000) } }) });
  }
  return all;
}

/** A store that works but for some methods, whose promises never settle. */
function hanging(...methods: readonly (keyof MetadataStore)[]): MetadataStore {
  const hang = (): Promise<never> => new Promise(() => undefined);
  return new Proxy(memoryStore(), {
    get: (store, name) => {
      if (methods.includes(name as keyof MetadataStore)) return hang;
      const member: unknown = Reflect.get(store, name);
      return typeof member === "function" ? (member.bind(store) as unknown) : member;
    },
  });
}

/** Runs a scenario, and looks for every secret in all that the host has written so far. */
function logs(scenario: (world: World, token: string) => Promise<unknown>): Check {
  return async (world, testCase) => {
    await world.reset();
    const token = await world.token("user_1");
    await scenario(world, token);
    await sleep(50); // let the host write what it has to say
    const output = world.output();
    const named: Readonly<Record<string, readonly string[]>> = {
      "the token": [token],
      "its signature segment": [token.slice(token.lastIndexOf(".") + 1)],
      "cookie value": [token],
      "admin key": [world.adminKey],
      password: [], // no part of usermeta knows a password
      "private values": Object.values(secrets),
    };
    for (const what of testCase.expect.grepZero ?? [])
      for (const secret of named[what] ?? expect.unreachable(`no runner for grepZero: ${what}`))
        expect(output.includes(secret), `${what} in the captured output`).toBe(false);
    expect(output.includes("\u001b"), "an escape sequence in the captured output").toBe(false);
    for (const line of output.split("\n")) {
      expect(line.length, "length of an output line").toBeLessThan(2048);
      expect(line.startsWith("forged-line"), "a forged line of output").toBe(false);
    }
  };
}

const own = (token: string, request: Partial<RawRequest> = {}): RawRequest => ({
  method: "GET",
  path: "/me/metadata",
  ...request,
  headers: [bearer(token), json, ...(request.headers ?? [])],
});

/** The console's page. Next redirects to the address without the trailing slash before it calls anybody. */
async function consolePage(world: World): Promise<RawAnswer> {
  const answer = await world.send({ method: "GET", path: "/console/" });
  return answer.status === 308 ? world.send({ method: "GET", path: "/console" }) : answer;
}

const consoleHeaders: Check = async (world, { expect: { header = {} } }) => {
  const { headers } = await consolePage(world);
  for (const [name, words] of Object.entries(header)) expectHeader(name, words, headers.get(name), "");
};

/** The data that the console gets of a hostile document: JSON that no browser takes for anything else. */
const consoleData: Check = async (world, { request }) => {
  await world.reset();
  await world.send(own(await world.token("user_1"), { method: "PATCH", body: JSON.stringify(request.json) }));
  const [payload = ""] = Object.keys((request.json?.["unsafe"] ?? {}) as object);
  const id = `/console/admin/users/${encodeURIComponent(payload)}`;
  expect(await world.admin("PUT", `${id}/metadata`, request.json)).toMatchObject({ status: 200 });
  for (const path of [
    "/console/admin/users/user_1/metadata",
    `${id}/metadata`,
    "/console/admin/users",
    `${id}/history`,
  ]) {
    const { status, headers, body } = await world.admin("GET", path);
    expect({ status, type: headers.get("content-type"), nosniff: headers.get("x-content-type-options") }).toEqual({
      status: 200,
      type: "application/json",
      nosniff: "nosniff",
    });
    expect(JSON.stringify(JSON.parse(body))).toContain(JSON.stringify(payload));
  }
  expect((await consolePage(world)).body).not.toContain(payload);
};

/** Checks of the cases that are described in words. */
export const checks: Readonly<Record<string, Check>> = {
  async "adminkey-bruteforce"(world) {
    // A host of its own: the wrong keys of this case would answer those of the others.
    const attacked = await openWorld(world.binding, "memory:");
    try {
      const path = "/admin/users/user_1/metadata";
      const guess = (n: number): Promise<RawAnswer> =>
        attacked.send({ method: "GET", path, headers: [bearer(`a wrong key of at least 32 characters ${n}`)] });
      for (let n = 0; n < 100; n++) expect(await guess(n)).toMatchObject({ status: 401 });
      const refused = await guess(100);
      expect(expectProblem(refused)).toMatchObject({ status: 429, code: "too_many_attempts" });
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(await attacked.admin("GET", path), "the right key always passes").toMatchObject({ status: 200 });
    } finally {
      await attacked.close();
    }
  },

  async "error-timeout"() {
    for (const methods of [["read"], ["write"]] as const) {
      const meta = createUserMeta({ store: hanging(...methods), verifier, deadline: 200 });
      const routes = adminRoutes(meta, { authorize: adminKey({ ops: "an admin key of at least 32 characters" }) });
      const started = performance.now();
      const response = await routes.handle({
        method: "PATCH",
        url: "/admin/users/user_1/metadata",
        headers: { authorization: "Bearer an admin key of at least 32 characters", "content-type": "application/json" },
        body: '{"unsafe":{"a":1}}',
      });
      expect(response).toMatchObject({ status: 503, headers: { "retry-after": expect.any(String) } });
      expect(performance.now() - started).toBeGreaterThan(150);
      expect(performance.now() - started).toBeLessThan(2000);
    }
  },

  async "error-problem"(world) {
    await world.reset();
    const requests = await faults(world);
    expect(requests.length).toBeGreaterThan(30);
    for (const request of requests) {
      const answer = await world.send(request);
      const name = `${request.method} ${request.path} ${JSON.stringify(request.headers?.slice(1))} ${String(request.body).slice(0, 40)}`;
      expect(answer.status, name).toBeGreaterThanOrEqual(400);
      expect(answer.status, name).toBeLessThan(500);
      expectProblem(answer);
    }
  },

  async "error-same"(world) {
    const other = await openWorld(world.binding === "express" ? "express4" : "express", "memory:");
    try {
      await Promise.all([world.reset(), other.reset()]);
      for (const request of await faults(world))
        expect(comparable(await world.send(request))).toEqual(comparable(await other.send(request)));
    } finally {
      await other.close();
    }
  },

  async "error-head-error"(world) {
    const [head, get] = [
      await world.send({ method: "HEAD", path: "/me/metadata" }),
      await world.send({ method: "GET", path: "/me/metadata" }),
    ];
    expect(head.status).toBe(401);
    expect(comparable(head)).toEqual({ ...comparable(get), body: "" });
  },

  async "error-thenable"(world) {
    const thenable = JSON.parse('{"then":1}') as { readonly then: 1 };
    const meta = createUserMeta({ store: memoryStore(), verifier });
    for (const scope of ["public", "private", "unsafe"] as const) {
      const written = await meta.update("user_1", { [scope]: thenable });
      expect(written[scope]).toEqual(thenable);
      expect((await meta.get("user_1"))[scope]).toEqual(thenable);
    }
    await world.reset();
    const written = await world.send(
      own(await world.token("user_1"), { method: "PATCH", body: '{"unsafe":{"then":1}}' }),
    );
    expect(JSON.parse(written.body)).toMatchObject({ unsafe: thenable });
  },

  "cache-dashboard-html": consoleHeaders,
  "console-hdr-referrer": consoleHeaders,
  "console-hdr-perm": consoleHeaders,
  "console-xss-0": consoleData,
  "console-xss-2": consoleData,
  "console-xss-3": consoleData,
  "console-xss-6": consoleData,
  "console-xss-7": consoleData,

  async "console-csrf"() {
    const meta = createUserMeta({
      store: memoryStore(),
      verifier: (token) => createSession({ token, userId: "root", claims: {}, expiresAt: 4_102_444_800 }),
      cookie: { name: "s" },
      origins: ["https://app.test"],
    });
    const routes = consoleRoutes(meta, { authorize: ({ userId }) => ({ actor: userId }) });
    const writes = routes.table.filter(({ method }) => method !== "GET");
    expect(writes.length).toBeGreaterThan(5);
    for (const { method, path } of writes) {
      const headers = { cookie: "s=x", origin: "https://evil.test", "content-type": "application/json" };
      const answer = await routes.handle({ method, url: path.replaceAll(/\{\w+\}/g, "x"), headers, body: "{}" });
      expect(answer, `${method} ${path}`).toMatchObject({ status: 403 });
    }
  },

  async "console-static-traversal"(world) {
    const up = ["..", "%2e%2e", ".%2e", "%252e%252e", "..%00", "..;"];
    const slash = ["/", "%2f", "%5c", "\\", "%252f"];
    const variants = up.flatMap((dots) => slash.map((one) => `/console/${dots}${one}${dots}${one}etc${one}passwd`));
    expect(variants).toHaveLength(30);
    for (const path of [...variants, "/console//etc/passwd", "/console/package.json", "/console/src/index.ts"]) {
      const { status, body } = await world.send({ method: "GET", path });
      expect([308, 400, 404], path).toContain(status);
      expect(body, path).not.toMatch(/root:|usermeta\/console|consoleRoutes/);
    }
  },

  async "console-openredirect"(world) {
    for (const path of ["/console/login?next=//evil", "/console?next=//evil", "/console/?next=https://evil"]) {
      const { headers } = await world.send({ method: "GET", path });
      expect(headers.get("location") ?? "/", path).toMatch(/^\/(?!\/)/);
    }
  },

  async "console-sri"(world) {
    const { body } = await consolePage(world);
    const addresses = [...body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address = ""]) => address);
    expect(addresses.length).toBeGreaterThan(2);
    expect(addresses.filter((address) => !/^(?:data:|(?:console\/)?[\w-]+\.(?:js|css)$)/.test(address))).toEqual([]);
    for (const address of addresses.filter((one) => !one.startsWith("data:"))) {
      const file = await world.send({ method: "GET", path: `/console/${address.replace("console/", "")}` });
      expect(file.status).toBe(200);
      expect(file.body, "as it is, and not compressed").toMatch(/^[\p{ASCII}]{1000,}$/u);
    }
  },

  async "console-json-download"(world) {
    await world.reset();
    const { headers } = await world.admin("GET", "/console/admin/users/user_1/export");
    expect(headers.get("content-disposition")).toMatch(/^attachment;/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  },

  "log-bearer": logs((world, token) => world.send(own(token))),
  "log-bad-token": logs((world, token) => world.send(own(`${token.slice(0, -4)}AAAA`))),
  "log-cookie": logs((world, token) =>
    world.send({ method: "GET", path: "/me/metadata", headers: [["Cookie", `__session=${token}`]] }),
  ),
  "log-query": logs((world, token) => world.send({ method: "GET", path: `/me/metadata?access_token=${token}` })),
  "log-crlf": logs(async (world, token) => {
    await world.admin("PATCH", "/admin/users/a%0D%0Aforged-line/metadata", { public: { a: 1 } });
    const body = JSON.stringify({ unsafe: { "x\r\nforged-line": 1 } });
    await world.send(own(token, { method: "PATCH", headers: [["User-Agent", "x\\r\\nforged-line"]], body }));
  }),
  "log-ansi": logs((world) => world.admin("PATCH", "/admin/users/%1B%5B31mred/metadata", { public: { a: 1 } })),
  "log-long": logs(async (world, token) => {
    await world.send(own(token, { headers: [["X-Long", "x".repeat(60_000)]] }));
    await world.send(own(token, { headers: [["X-Long", "x".repeat(1_000_000)]] }));
    await world.send(own(token, { method: "PATCH", body: JSON.stringify({ unsafe: { ["k".repeat(60_000)]: 1 } }) }));
  }),
  "log-audit": logs(async (world) => {
    await world.admin("PATCH", "/admin/users/user_1/metadata", { private: { note: secrets.user_2, other: 1 } });
    // The audit trail of usermeta is the change log: it is asked for, never printed.
    const answer = await world.admin("GET", "/admin/users/user_1/history");
    expect(answer.status, answer.body).toBe(200);
    const [entry] = Object.values(JSON.parse(answer.body) as Record<string, unknown>).find(Array.isArray) as [
      Record<string, unknown>,
    ];
    const paths = (entry["changes"] as { path: string }[]).map(({ path }) => path).sort();
    expect(entry).toMatchObject({
      actor: expect.stringMatching(/^key:\w+$/),
      kind: "update",
      at: expect.any(String),
      version: expect.any(Number),
    });
    expect(paths).toEqual(["/private/note", "/private/other"]);
  }),
};

/** What must be the same wherever the same thing is asked. How an answer is framed, and what a framework adds to `vary`, is its own. */
function comparable({ status, headers, body }: RawAnswer): {
  status: number;
  headers: Record<string, string>;
  body: string;
} {
  const own = new Map(headers);
  for (const name of ["date", "x-powered-by", "content-length", "transfer-encoding"]) own.delete(name);
  const vary = headers.get("vary")?.replace(/^.*, (?=authorization, cookie, origin$)/, "");
  return { status, headers: { ...Object.fromEntries(own), ...(vary !== undefined && { vary }) }, body };
}
