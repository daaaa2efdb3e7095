import {
  adminKey,
  adminRoutes,
  createUserMeta,
  type HttpResponse,
  type Limits,
  type MetadataStore,
  UserMetaError,
} from "@usermeta/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { mergeDocument } from "../../packages/core/src/metadata/merge.ts";
import { type RunningStore, storeKinds } from "../stores.ts";
import { canonical, exactValueOf, expectedOf, type JsonCase, patchOf, statusesIn, storedOf } from "./json-case.ts";
import { describeVectors, Tally } from "./vectors.ts";

type Mode = "shallow" | "deep" | "replace";
type Meta = ReturnType<typeof open>;

const key = "an admin key of at least 32 characters";
// Bodies of these cases may be larger than the default: what is under test is the verdict on the JSON in them.
const roomy: Limits = { bodyBytes: 1_048_576 };

function open(store: MetadataStore, limits: Limits = {}) {
  const verifier = () => {
    throw new Error("nobody has a session here");
  };
  const meta = createUserMeta({ store, verifier, limits });
  return { ...adminRoutes(meta, { authorize: adminKey({ ops: key }) }), meta };
}

/** Sends the patch as the text of a scope, as the body of a request. */
async function sendText(routes: Meta, mode: Mode, userId: string, patch: string): Promise<HttpResponse> {
  const type = mode === "deep" ? "application/merge-patch+json" : "application/json";
  const response = await routes.handle({
    method: mode === "replace" ? "PUT" : "PATCH",
    url: `/admin/users/${encodeURIComponent(userId)}/metadata`,
    headers: { authorization: `Bearer ${key}`, "content-type": type },
    body: Buffer.from(`{"unsafe":${patch}}`),
  });
  return response ?? expect.unreachable("no route matched");
}

/** The same with values; resolves to the status of the error it was refused with. */
async function sendValue({ meta }: Meta, mode: Mode, userId: string, patch: unknown): Promise<number> {
  try {
    // The patch is whatever the case says, so the types cannot know it.
    await meta.update(userId, { unsafe: patch as object } as never, { merge: mode as "shallow" });
    return 200;
  } catch (error) {
    if (error instanceof UserMetaError) return error.status;
    throw error;
  }
}

describeVectors<JsonCase>("json vectors", "json_cases.json", (all) => {
  const cases = all.filter(({ mode }) => mode !== "http");
  const texts = new Map<string, Map<string, string>>();
  const tallies = storeKinds.map(({ name }) => new Tally(`json vectors, in process, ${name}`));
  afterAll(() => {
    for (const tally of tallies) tally.print();
  });

  describe.each(storeKinds.map((kind, at) => ({ ...kind, tally: tallies[at] as Tally })))("on $name", (under) => {
    let running: RunningStore | string;
    let store: MetadataStore;
    let host: Meta;
    let seeder: Meta;
    beforeAll(async () => {
      running = await under.start();
      if (typeof running === "string") return;
      store = await running.open({ namespace: "vectors", indexes: [] });
      host = open(store, roomy);
      seeder = open(store, { ...roomy, characters: { unsafe: 10_000 } });
    });
    afterAll(async () => {
      await store?.close();
      if (typeof running !== "string") await running.stop();
    });
    beforeEach((context) => {
      if (typeof running === "string") context.skip(running);
    });

    for (const testCase of cases) {
      if (testCase.expectedError === "NOT_APPLICABLE") continue;
      it(`${testCase.group}: ${testCase.name}`, () =>
        under.tally.run(testCase.group, testCase.name, async () => {
          const ofText = await check(testCase, "text", host, seeder, (userId, patch) =>
            sendText(host, testCase.mode as Mode, userId, patch).then(({ status }) => status),
          );
          const value = exactValueOf(patchOf(testCase));
          if (value !== undefined)
            await check(testCase, "value", host, seeder, (userId) =>
              sendValue(host, testCase.mode as Mode, userId, value),
            );
          const byCase = texts.get(under.name) ?? new Map<string, string>();
          texts.set(under.name, byCase.set(testCase.name, ofText.text));
          return ofText.preferred;
        }));
    }

    it("bodies above the default limit are refused before they are parsed", async () => {
      const small = open(store);
      for (const testCase of cases) {
        const patch = patchOf(testCase);
        if (Buffer.byteLength(patch) <= 65_536) continue;
        expect(await sendText(small, testCase.mode as Mode, testCase.name, patch)).toMatchObject({ status: 413 });
      }
    });
  });

  it("every store ends with the same canonical text", () => {
    const [first, ...others] = [...texts.values()];
    for (const other of others) expect(Object.fromEntries(other)).toEqual(Object.fromEntries(first ?? []));
  });

  // The stored root is always an object, so these say something about the merge function only.
  for (const testCase of cases.filter(({ expectedError }) => expectedError === "NOT_APPLICABLE"))
    it(`${testCase.group}: ${testCase.name}, merge function only`, () => {
      const patch = JSON.parse(patchOf(testCase)) as Parameters<typeof mergeDocument>[2];
      const merged = mergeDocument(testCase.mode as Mode, storedOf(testCase) as typeof patch, patch);
      const isObject = typeof patch === "object" && patch !== null && !Array.isArray(patch);
      const kept = isObject ? Object.entries(patch).filter(([, value]) => value !== null) : [];
      expect(merged).toEqual(isObject ? Object.fromEntries(kept) : patch);
    });
});

/** Seeds a user, sends the patch, and compares what is there afterwards. */
async function check(
  testCase: JsonCase,
  path: "text" | "value",
  { meta }: Meta,
  { meta: seeder }: Meta,
  sendPatch: (userId: string, patch: string) => Promise<number>,
): Promise<{ preferred: boolean; text: string }> {
  const userId = `${testCase.name} as ${path}`.slice(0, 200);
  const stored = storedOf(testCase) as object | undefined;
  if (stored !== undefined) await seeder.update(userId, { unsafe: stored } as never, { merge: "replace" });
  const before = await meta.get(userId);
  const status = await sendPatch(userId, patchOf(testCase));
  const after = await meta.get(userId);
  const text = canonical(after.unsafe);

  if (testCase.group === "depth") expect(await cheapest(() => sendPatch(userId, patchOf(testCase)))).toBeLessThan(50);
  if (testCase.expectedError !== undefined && status !== 200) {
    const statuses = statusesIn(testCase.expectedError);
    expect(statuses).toContain(status);
    expect(after, "nothing is written").toEqual(before);
    return { preferred: status === statuses[0] || statuses.length > 1, text };
  }
  expect(status).toBe(200);
  const others = (testCase.alsoOk ?? []).map((other) => canonical(JSON.parse(other)));
  const wanted = testCase.expectedError === undefined ? canonical(expectedOf(testCase)) : undefined;
  expect([wanted, ...others].filter((one) => one !== undefined)).toContain(text);
  expect(after.etag === before.etag, "a result equal by value writes nothing").toBe(text === canonical(before.unsafe));
  return { preferred: text === wanted, text };
}

/** Milliseconds of this process' CPU in the cheapest of five runs: a busy machine is no fault of the code. */
async function cheapest(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 5; n++) {
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  return Math.min(...times);
}
