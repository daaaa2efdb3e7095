import { readFileSync } from "node:fs";
import { adminKey } from "@usermeta/core";
import { testVerifier } from "@usermeta/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { differenceOf, explainedStatuses, printDifferences } from "./differences.ts";
import { expectHeader } from "./header-expectation.ts";
import { startHost } from "./host-process.ts";
import type { HttpCase } from "./http-case.ts";
import { checks } from "./http-checks.ts";
import { jsonRequestOf, requestOf } from "./http-request.ts";
import { canonical, type JsonCase, statusesIn, storedOf } from "./json-case.ts";
import type { RawAnswer, RawRequest } from "./socket.ts";
import { worlds } from "./stores.ts";
import { describeVectors, Tally } from "./vectors.ts";
import { openWorld, secrets, type World } from "./world.ts";

/** Runs a body once for every binding over every store, each with a host of its own. */
function describeWorlds(title: string, body: (world: () => World, tally: Tally) => void): void {
  for (const { binding, store } of worlds)
    describe(`${binding} over ${store.name}`, () => {
      const tally = new Tally(`${title}, ${binding} over ${store.name}`);
      let world: World | undefined;
      beforeAll(async () => {
        world = await openWorld(binding, store.address());
      });
      afterAll(async () => {
        await world?.close();
        tally.print();
      });
      body(() => world ?? expect.unreachable("the host did not start"), tally);
    });
}

describeVectors<HttpCase>("http vectors", "http_cases.json", (cases) => {
  afterAll(printDifferences);
  describeWorlds("http vectors", (world, tally) => {
    for (const testCase of cases)
      it(`${testCase.group}: ${testCase.id}`, (context) => {
        const { id, group, request } = testCase;
        const reason = differenceOf("http_cases.json", id, group, request.path);
        if (reason !== undefined) return context.skip(reason);
        return tally.run(group, id, () => runHttpCase(world(), testCase));
      });
  });
});

describeVectors<JsonCase>("http cases of the json vectors", "json_cases.json", (cases) => {
  describeWorlds("http cases of the json vectors", (world, tally) => {
    for (const testCase of cases.filter(({ mode }) => mode === "http"))
      it(`${testCase.group}: ${testCase.name}`, (context) => {
        const { name, group, request } = testCase;
        const reason = differenceOf("json_cases.json", name, group, request?.path);
        if (reason !== undefined) return context.skip(reason);
        return tally.run(group, name, () => runJsonCase(world(), testCase));
      });
  });
});

async function runHttpCase(world: World, testCase: HttpCase): Promise<boolean> {
  const { id, request } = testCase;
  const byHand = checks[id];
  if (byHand !== undefined) await byHand(world, testCase);
  else if (request.config !== undefined && testCase.expect.startup === "throws")
    await expectNoStart(world, request.config);
  else if (request.path !== undefined) return runFields(world, testCase);
  else expect.unreachable(`no runner for ${id}`);
  return true;
}

async function expectNoStart(world: World, config: Readonly<Record<string, unknown>>): Promise<void> {
  const verifier = { ...(await testVerifier()) };
  const started = startHost(world.binding, { verifier, adminKey: world.adminKey, ...config });
  const outcome = await started.then(
    (host) => host.close().then(() => "it listens"),
    (error: unknown) => String(error),
  );
  expect(outcome).toMatch(/ended with code [1-9]\d* before it listened/);
  expect(outcome, "a message, not the trace of a crash").not.toMatch(/^\s+at /m);
  if (typeof config["adminKey"] === "string")
    expect(() => adminKey({ ops: config["adminKey"] as string })).toThrow(
      expect.objectContaining({ code: "invalid_config" }),
    );
}

const understood = [
  "status",
  "header",
  "noHeader",
  "neverUser",
  "storedUnder",
  "onlyThatUserChanged",
  "emptyBody",
  "never",
  "note",
];

async function runFields(world: World, { id, request, expect: wanted }: HttpCase): Promise<boolean> {
  for (const field of Object.keys(wanted)) expect(understood, `no runner for expect.${field}`).toContain(field);
  await world.reset();
  const etag = await world.etag("user_1");
  const before = await world.snapshot();
  const raw = await requestOf(world, request);
  const answer = await world.send(raw);
  const after = await world.snapshot();

  const statuses = wanted.status && [...wanted.status, ...explainedStatuses("http_cases.json", id, world.binding)];
  if (statuses !== undefined) expect(statuses, answer.body).toContain(answer.status);
  else expect(answer.status, answer.body).toBeLessThan(500);
  if (wanted.never === "Set-Cookie together with a cacheable response") expectNoCacheableCookie(answer);
  else if (wanted.never !== undefined) expect(answer.status).not.toBe(wanted.never);
  if (wanted.emptyBody) expect(answer.body).toBe("");
  if (wanted.noHeader !== undefined) expect([...answer.headers.keys()]).not.toContain(wanted.noHeader);
  for (const [name, words] of Object.entries(wanted.header ?? {})) {
    const echoed = words.includes("echo")
      ? (await world.send(askingForOtherHeaders(raw))).headers.get(name)
      : undefined;
    expectHeader(name, words, answer.headers.get(name), etag, echoed);
  }
  if (wanted.storedUnder !== undefined) expectStoredUnder(wanted.storedUnder, answer, before, after, request.json);
  if (wanted.neverUser !== undefined) {
    expect(answer.body).not.toContain(secrets.user_2);
    expect(after[wanted.neverUser], "the other user's record").toBe(before[wanted.neverUser]);
    await world.reset();
    await world.admin("DELETE", `/admin/users/${wanted.neverUser}`);
    expect(shape(await world.send(raw)), "the same answer when the other user is unknown").toEqual(shape(answer));
  }
  return wanted.status?.includes(answer.status) ?? true; // a list of statuses names no favourite
}

function askingForOtherHeaders(request: RawRequest): RawRequest {
  const name = "Access-Control-Request-Headers";
  return { ...request, headers: (request.headers ?? []).map(([key, value]) => [key, key === name ? "x-evil" : value]) };
}

function expectNoCacheableCookie({ headers }: RawAnswer): void {
  if (headers.has("set-cookie")) expect(headers.get("cache-control")).toContain("no-store");
}

type Snapshot = Readonly<Record<string, string>>;

function expectStoredUnder(
  userId: string,
  { status }: RawAnswer,
  before: Snapshot,
  after: Snapshot,
  sent: unknown,
): void {
  if (status >= 400) {
    expect(after, "a refused write changes nothing").toEqual(before);
    return;
  }
  const { [userId]: stored, ...others } = after;
  const { [userId]: _old, ...othersBefore } = before;
  expect(JSON.parse(stored ?? "null"), `the record of ${userId}`).toMatchObject(sent as object);
  expect(others, "only that user changed").toEqual(othersBefore);
}

/** An answer's status and the names in its body, without its values. */
function shape({ status, body }: RawAnswer): unknown {
  const names = (value: unknown): unknown =>
    typeof value === "object" && value !== null
      ? Object.entries(value).map(([key, inner]) => [key, names(inner)])
      : typeof value;
  try {
    return [status, names(JSON.parse(body))];
  } catch {
    return [status, body];
  }
}

async function runJsonCase(world: World, testCase: JsonCase): Promise<boolean> {
  await world.reset(storedOf(testCase));
  const raw = await jsonRequestOf(world, testCase.request ?? expect.unreachable("no request"));
  const before = await world.snapshot();
  const answer = await world.send(raw, raw.slowBytesPerSecond === undefined ? undefined : 25_000);
  const after = await world.snapshot();
  const statuses = testCase.expectedError === undefined ? [200] : statusesIn(testCase.expectedError);
  const tolerated = (testCase.alsoOk ?? []).filter((text) => statusesIn(text).includes(answer.status));
  expect([...statuses, ...tolerated.flatMap(statusesIn)], answer.body).toContain(answer.status);

  if (answer.status >= 400) expect(after, "nothing is written").toEqual(before);
  else expectOthersUntouched(before, after);
  if (!statuses.includes(answer.status)) {
    for (const text of tolerated) expectWords(text, answer);
    return false;
  }
  if (testCase.expectedError === undefined) await expectMembers(world, raw, answer, testCase.expected as Members);
  else await expectSaid(world, raw, answer, testCase.expectedError);
  return true;
}

/** `check` of the cases: public and private of user_1, and everything of user_2, stay as they are. */
function expectOthersUntouched(before: Snapshot, after: Snapshot): void {
  const hidden = (snapshot: Snapshot): unknown => {
    const record = JSON.parse(snapshot["user_1"] ?? "{}") as Record<string, unknown>;
    return [record["public"], record["private"], snapshot["user_2"]];
  };
  expect(hidden(after)).toEqual(hidden(before));
}

/** The words of a tolerated answer such as `"200 application/json; nosniff"`. */
function expectWords(text: string, { headers }: RawAnswer): void {
  if (text.includes("application/json")) expect(headers.get("content-type")).toMatch(/^application\/json\b/);
  if (text.includes("nosniff")) expect(headers.get("x-content-type-options")).toBe("nosniff");
}

/** What an expected error says beside its status: a header, a time, a limit of memory. */
async function expectSaid(world: World, raw: RawRequest, answer: RawAnswer, text: string): Promise<void> {
  const [, name, value] = /with ([A-Z][A-Za-z-]+): (.+)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) expectHeader(name, value, answer.headers.get(name.toLowerCase()), "");
  const ms = Number(/< (\d+) ms/.exec(text)?.[1]);
  const mebibytes = Number(/RSS growth < (\d+) MiB/.exec(text)?.[1]);
  if (Number.isNaN(ms) && Number.isNaN(mebibytes)) return;
  const tries: { ms: number; grown: number }[] = [];
  for (let n = 0; n < 5; n++) {
    const before = residentMebibytes(world.pid);
    const { ms: taken } = await world.send(raw);
    tries.push({ ms: taken, grown: residentMebibytes(world.pid) - before });
  }
  // The best of five: a busy machine is no fault of the code.
  if (!Number.isNaN(ms)) expect(Math.min(...tries.map((one) => one.ms))).toBeLessThan(ms);
  if (!Number.isNaN(mebibytes)) expect(Math.min(...tries.map((one) => one.grown))).toBeLessThan(mebibytes);
}

/** Resident memory of a process; 0 where there is no /proc. */
function residentMebibytes(pid: number): number {
  if (process.platform !== "linux") return 0;
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return (pages * 4096) / 1_048_576;
}

type Members = Readonly<Record<string, unknown>>;

/** Compares an answer with the members that a case expects, of which some are words. */
async function expectMembers(world: World, raw: RawRequest, answer: RawAnswer, expected: Members): Promise<void> {
  for (const [name, wanted] of Object.entries(expected))
    switch (name) {
      case "header":
        for (const [header, value] of Object.entries(wanted as Readonly<Record<string, string>>))
          expectHeader(header, value, answer.headers.get(header), "");
        break;
      case "body":
        expect(answer.body).toBe(wanted);
        break;
      case "sameHeadersAsGet":
        expect(withoutDate(answer)).toEqual(withoutDate(await world.send({ ...raw, method: "GET" })));
        break;
      case "etagsDifferForDifferentDocs":
        expect(await world.etag("user_2")).not.toBe(answer.headers.get("etag"));
        break;
      case "etagEqualForEqualDocs":
        break; // "allowed": nothing to check
      default: {
        const members = JSON.parse(answer.body) as Members;
        expect(Object.keys(members), `no runner for expected.${name}`).toContain(name);
        expect(canonical(members[name])).toBe(canonical(wanted));
      }
    }
}

/** Headers that a HEAD must share with a GET: not those that only frame a body (RFC 9110 section 9.3.2). */
function withoutDate({ headers }: RawAnswer): Members {
  const { date: _date, "transfer-encoding": _framing, ...rest } = Object.fromEntries(headers);
  return rest;
}
