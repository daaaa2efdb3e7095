import { afterAll, expect, it } from "vitest";
import { bindings } from "../host/bindings.ts";
import type { RawAnswer, RawRequest } from "../vectors/socket.ts";
import { openWorld, type World } from "../vectors/world.ts";
import { type Declared, declaredDifferences, framedByPlatform } from "./declared.ts";
import { type OddRequest, oddRequests } from "./requests.ts";

// Every binding must answer every odd request as Express 5 does: the same status, the same headers of ours, the same bytes.
const ours = [
  "content-type",
  "content-length",
  "cache-control",
  "vary",
  "x-content-type-options",
  "etag",
  "allow",
  "accept",
  "accept-patch",
  "accept-encoding",
  "www-authenticate",
  "retry-after",
  "idempotency-replayed",
  "content-disposition",
  "location",
  "set-cookie",
  "content-encoding",
  "access-control-allow-origin",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-allow-credentials",
  "access-control-expose-headers",
  "access-control-max-age",
];

/** An answer without what is random or the time in it. What is not ours, a framework's own 404, counts by its status. */
function comparable({ status, headers, body }: RawAnswer, isFramed: boolean): string {
  const isOurs = headers.get("x-content-type-options") === "nosniff" && headers.get("cache-control") === "no-store";
  if (!isOurs && status !== 200) return `${status}`;
  const values = new Map(headers);
  if (isFramed) {
    values.delete("content-length");
    if (isOurs) values.set("vary", headers.get("vary")?.replace(/^.*, (?=authorization, cookie, origin$)/, "") ?? "");
  }
  const lines = ours.flatMap((name) => (values.has(name) ? [`${name}: ${values.get(name)}`] : []));
  // A handler's own answer is the framework's to word: what it says is compared, not how it is wrapped.
  return [status, ...(isOurs ? lines : []), body]
    .join("\n")
    .replace(/[0-9a-f]{16}\.(\d+)/g, "incarnation.$1")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "time");
}

async function fill(world: World, { as, headers = [], ...request }: OddRequest): Promise<RawRequest> {
  const token = await world.token("user_1");
  const credentials =
    as === undefined ? [] : [["Authorization", `Bearer ${as === "admin" ? world.adminKey : token}`] as const];
  return {
    ...request,
    headers: [...credentials, ...headers.map(([name, value]) => [name, value.replace("$TOKEN", token)] as const)],
  };
}

async function answersOf(
  binding: string,
  isFramed = framedByPlatform.has(binding),
): Promise<ReadonlyMap<string, string>> {
  const world = await openWorld(binding, "memory:");
  const answers = new Map<string, string>();
  try {
    for (const [name, request] of oddRequests) {
      await world.reset({ kept: true });
      answers.set(name, comparable(await world.send(await fill(world, request)), isFramed));
    }
  } finally {
    await world.close();
  }
  return answers;
}

const table: string[] = [];
afterAll(() => console.info(`\nodd requests × bindings, compared with Express 5\n${table.join("\n")}\n`));

const expected = answersOf("express");

it("no odd request is answered with a 5xx, or not at all", async () => {
  const bad = [...(await expected)].filter(([, answer]) => /^(?:5|0)/.test(answer)).map(([name]) => name);
  expect(bad).toEqual([]);
  table.push(`express         ${oddRequests.size} requests`);
});

for (const binding of Object.keys(bindings).filter((name) => name !== "express"))
  it(`${binding} answers ${oddRequests.size} odd requests as Express 5 does`, async () => {
    const isFramed = framedByPlatform.has(binding);
    const [want, answers] = await Promise.all([isFramed ? answersOf("express", true) : expected, answersOf(binding)]);
    const declared: Declared = declaredDifferences[binding] ?? {};
    const differing = [...oddRequests.keys()].filter((name) => answers.get(name) !== want.get(name));
    const surprising = differing.filter((name) => !(name in declared));
    table.push(
      `${binding.padEnd(15)} ${differing.length} differ, ${differing.length - surprising.length} of them declared`,
    );
    for (const name of surprising) expect.soft(`${answers.get(name)}`, name).toBe(`${want.get(name)}`);
    // A declared difference has its own expectation, and one that is gone must be taken off the list.
    for (const [name, { status }] of Object.entries(declared)) {
      expect.soft(differing, `${name} is declared and does not differ`).toContain(name);
      expect.soft(answers.get(name)?.split("\n")[0], name).toBe(String(status));
    }
    const failed = [...answers].filter(([name, answer]) => /^(?:5|0)/.test(answer) && declared[name]?.status !== 500);
    expect(failed.map(([name]) => name)).toEqual([]);
  }, 300_000);
