import { randomBytes } from "node:crypto";
import {
  compare,
  type JsonObject,
  type MetadataStore,
  type Put,
  type Scalar,
  type Scope,
  type StoredChange,
  type StoredRecord,
  satisfies,
  scopes,
  type Term,
} from "@usermeta/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** What a store under test is opened with. */
export interface TestStoreOptions {
  /** The paths that the searches of the contract use. */
  readonly indexes: readonly string[];
  /** Only when {@link testStore} was told that the store takes one. */
  readonly namespace?: string;
}

/**
 * The contract of every store, at the level of its port. Every test has users of its own, so the store may be shared with
 * others and hold other data.
 *
 * ```ts
 * testStore("memory", memoryStore);
 * testStore("SQLite", (options) => sqliteStore(file, options), { namespaces: true });
 * ```
 *
 * @param open opens the store; the contract closes it
 * @param options `namespaces`: the store takes `namespace`, and `open` always opens the same database; `searches: false`:
 * it cannot search, and says so
 */
export function testStore(
  name: string,
  open: (options: TestStoreOptions) => MetadataStore | Promise<MetadataStore>,
  { namespaces = false, searches = true }: { readonly namespaces?: boolean; readonly searches?: boolean } = {},
): void {
  describe(`store: ${name}`, () => {
    let store: MetadataStore;
    beforeAll(async () => {
      store = await open({ indexes });
    });
    afterAll(() => store.close());

    const read = async (userId: string) => (await store.read([userId]))[0];
    const write = async (put: Put) => (await store.write([put]))[0];
    const log = (userId: string) => store.history(userId, { limit: 1000 });
    const versions = async (userId: string) => (await log(userId)).map(({ version }) => version);

    /** Writes the next versions of a user, one after another. */
    async function steps(userId: string, count: number, parts?: (version: number) => Parts): Promise<Put[]> {
      let latest = await read(userId);
      const puts: Put[] = [];
      for (let i = 0; i < count; i++) {
        const put = putOf(userId, latest, parts?.((latest?.version ?? 0) + 1));
        expect(await write(put)).toBe("written");
        puts.push(put);
        latest = put.next;
      }
      return puts;
    }

    describe("records", () => {
      it("knows nothing of a user whom nobody wrote about", async () => {
        expect(await store.read([user(), user()])).toEqual([undefined, undefined]);
        expect(await store.read([])).toEqual([]);
        expect(await log(user())).toEqual([]);
      });

      it(`gives back ${oddValues.length} odd texts character for character`, async () => {
        const puts = oddValues.map((value) => putOf(user(), undefined, { private: ascii({ value, again: [value] }) }));
        expect(await store.write(puts)).toEqual(puts.map(() => "written"));
        expect(await store.read(puts.map(({ next }) => next.userId))).toEqual(puts.map(({ next }) => next));
      });

      it("keeps as many characters as it says, up to a million", async () => {
        const length = Math.min(1_000_000, store.maxRecordBytes - 4);
        const userId = user();
        const [put] = await steps(userId, 1, () => ({ unsafe: `{"a":"${"x".repeat(length - 8)}"}` }));
        expect(await read(userId)).toEqual(put?.next);
      });

      it("tells apart user ids that differ in a single byte", async () => {
        const shared = user();
        const puts = similarIds.map((id, i) => putOf(shared + id, undefined, { public: ascii({ i }) }));
        expect(await store.write(puts)).toEqual(puts.map(() => "written"));
        const found = await store.read(puts.map(({ next }) => next.userId));
        expect(found).toEqual(puts.map(({ next }) => next));
        await store.erase(`${shared}bob`);
        const left = await store.read(puts.map(({ next }) => next.userId));
        expect(left).toEqual(puts.map(({ next }) => (next.userId === `${shared}bob` ? undefined : next)));
      });

      it.each([
        ["one byte", "x"],
        ["255 bytes in one-byte characters", "a".repeat(255)],
        ["255 bytes in four-byte characters", `${"😀".repeat(63)}abc`],
      ])("takes a user id of %s", async (_, userId) => {
        await store.erase(userId);
        const [put] = await steps(userId, 1);
        expect(await read(userId)).toEqual(put?.next);
        await store.erase(userId);
        expect(await read(userId)).toBeUndefined();
      });

      it("reads 100 users in the order asked for, unknown ones among them", async () => {
        const ids = Array.from({ length: 100 }, user);
        const known = ids.filter((_, i) => i % 3 !== 0);
        await store.write(known.toReversed().map((id) => putOf(id)));
        const found = await store.read(ids);
        expect(found.map((record) => record?.userId)).toEqual(ids.map((id, i) => (i % 3 === 0 ? undefined : id)));
      });

      it("erases the record, its change log and its change ids", async () => {
        const userId = user();
        const puts = await steps(userId, 3);
        await store.erase(userId);
        await store.erase(userId);
        expect([await read(userId), await log(userId)]).toEqual([undefined, []]);
        expect(await write(puts[0] as Put)).toBe("written");
        expect(await versions(userId)).toEqual([1]);
      });
    });

    describe("compare-and-set", () => {
      const refusals: [string, (first: Put, second: Put) => Put["expected"]][] = [
        ["no record", () => undefined],
        ["an older version", (first) => first.next],
        ["a newer version", (_, { next }) => ({ ...next, version: 3 })],
        ["another incarnation", (_, { next }) => ({ ...next, incarnation: "0123456789abcdef" })],
      ];
      it.each(refusals)("writes nothing when %s was expected", async (_, expected) => {
        const userId = user();
        const [first, second] = (await steps(userId, 2)) as [Put, Put];
        expect(await write({ ...putOf(userId, second.next), expected: expected(first, second) })).toBe("conflict");
        expect([await read(userId), await versions(userId)]).toEqual([second.next, [2, 1]]);
      });

      it("writes nothing when a record was expected and there is none", async () => {
        const userId = user();
        const [put] = (await steps(userId, 1)) as [Put];
        await store.erase(userId);
        expect(await write(putOf(userId, put.next))).toBe("conflict");
        expect([await read(userId), await log(userId)]).toEqual([undefined, []]);
      });

      it("does not take a recreated record for the erased one of the same version", async () => {
        const userId = user();
        const [old] = (await steps(userId, 1)) as [Put];
        await store.erase(userId);
        const [recreated] = (await steps(userId, 1)) as [Put];
        expect(await write(putOf(userId, old.next))).toBe("conflict");
        expect(await read(userId)).toEqual(recreated.next);
      });

      it("writes exactly one of 8 puts that race, for new users and for known ones", async () => {
        for (const known of [0, 0, 0, 1, 2, 3]) {
          const userId = user();
          const latest = (await steps(userId, known)).at(-1)?.next;
          const puts = Array.from({ length: 8 }, (_, i) => putOf(userId, latest, { public: ascii({ i }) }));
          const results = await Promise.all(puts.map(write));
          expect(results.filter((result) => result === "written")).toHaveLength(1);
          expect(results.filter((result) => result === "conflict")).toHaveLength(7);
          const winner = puts[results.indexOf("written")];
          expect([await read(userId), (await log(userId))[0]]).toEqual([winner?.next, winner?.change]);
        }
      });

      it("decides each of 100 puts by itself, and answers in their order", async () => {
        const kinds = ["new", "next", "conflict", "duplicate"] as const;
        const cases = Array.from({ length: 100 }, (_, i) => ({ kind: kinds[i % 4] ?? "new", first: putOf(user()) }));
        await store.write(cases.filter(({ kind }) => kind !== "new").map(({ first }) => first));
        const puts = cases.map(({ kind, first }) => {
          const { next } = first;
          return kind === "next" ? putOf(next.userId, next) : kind === "conflict" ? putOf(next.userId) : first;
        });
        const duplicate = { duplicate: { version: 1, digest: "digest" } };
        const results = { new: "written", next: "written", conflict: "conflict", duplicate };
        expect(await store.write(puts)).toEqual(cases.map(({ kind }) => results[kind]));
        const left = cases.map(({ kind, first }, i) => (kind === "next" ? puts[i] : first)?.next);
        expect(await store.read(cases.map(({ first }) => first.next.userId))).toEqual(left);
      });
    });

    describe("change ids", () => {
      it("tells of a repeated put before it looks at the version", async () => {
        const userId = user();
        const [first, second] = (await steps(userId, 2)) as [Put, Put];
        expect(await write(first)).toEqual({ duplicate: { version: 1, digest: "digest" } });
        const other = putOf(userId, second.next, { id: second.change.id, digest: "another" });
        expect(await write(other)).toEqual({ duplicate: { version: 2, digest: "digest" } });
        expect([await read(userId), await versions(userId)]).toEqual([second.next, [2, 1]]);
      });

      it("writes one of 8 equal puts that race, and calls the others duplicates", async () => {
        const put = putOf(user());
        const results = await Promise.all(Array.from({ length: 8 }, () => write(put)));
        expect(results.filter((result) => result === "written")).toHaveLength(1);
        expect(results.filter((result) => typeof result === "object")).toHaveLength(7);
      });

      it("keeps the ids of different users apart, even in one batch", async () => {
        const puts = [putOf(user(), undefined, { id: "same" }), putOf(user(), undefined, { id: "same" })];
        expect(await store.write(puts)).toEqual(["written", "written"]);
      });

      it.each<[string, Parts]>([
        ["everything is kept", {}],
        ["5 entries are kept", { retention: { entries: 5, since: 0 } }],
        ["no entry is kept", { retention: { entries: 0, since: 0 } }],
        ["entries are old", { retention: { entries: 1000, since: now + 1 } }],
        ["there is no history", { json: null, retention: { entries: 0, since: 0 } }],
      ])("remembers the last 256 of a user when %s", async (_, parts) => {
        const userId = user();
        const puts = await steps(userId, 260, () => parts);
        for (const version of [5, 6, 100, 256, 260])
          expect(await write(puts[version - 1] as Put)).toEqual({ duplicate: { version, digest: "digest" } });
        expect((await read(userId))?.version).toBe(260);
      });
    });

    describe("change log", () => {
      it("gives entries back as they were, newest first, in pages", async () => {
        const userId = user();
        const puts = await steps(userId, 7, (version) => ({ json: ascii({ version, é: "😀" }), at: now + version }));
        const changes = puts.map(({ change }) => change).reverse();
        expect(await log(userId)).toEqual(changes);
        expect(await store.history(userId, { limit: 3 })).toEqual(changes.slice(0, 3));
        expect(await store.history(userId, { before: 5, limit: 3 })).toEqual(changes.slice(3, 6));
        expect(await store.history(userId, { before: 2, limit: 3 })).toEqual(changes.slice(6));
        expect(await store.history(userId, { before: 1, limit: 3 })).toEqual([]);
      });

      it("keeps as many entries as retention says", async () => {
        const userId = user();
        await steps(userId, 6, () => ({ retention: { entries: 4, since: 0 } }));
        expect(await versions(userId)).toEqual([6, 5, 4, 3]);
        await steps(userId, 1, () => ({ retention: { entries: 2, since: 0 } }));
        expect(await versions(userId)).toEqual([7, 6]);
        await steps(userId, 1, () => ({ retention: { entries: 0, since: 0 } }));
        expect(await versions(userId)).toEqual([]);
      });

      it("keeps entries as long as retention says", async () => {
        const userId = user();
        await steps(userId, 6, (version) => ({ at: now + version, retention: { entries: 1000, since: now } }));
        expect(await versions(userId)).toEqual([6, 5, 4, 3, 2, 1]);
        await steps(userId, 1, () => ({ at: now + 7, retention: { entries: 1000, since: now + 5 } }));
        expect(await versions(userId)).toEqual([7, 6, 5]);
      });

      it("keeps more than 256 entries where retention says so", async () => {
        const userId = user();
        await steps(userId, 270, () => ({ retention: { entries: 265, since: 0 } }));
        expect(await versions(userId)).toEqual(Array.from({ length: 265 }, (_, i) => 270 - i));
      });

      it("leaves out changes of which no history is kept", async () => {
        const userId = user();
        await steps(userId, 4, (version) => (version % 2 === 0 ? { json: null } : {}));
        expect(await versions(userId)).toEqual([3, 1]);
      });
    });

    describe("list", () => {
      /** Of a page long enough to hold all that a search finds among the users `prefix…`, those users. */
      async function find(prefix: string, where: readonly Term[]): Promise<string[]> {
        const page = await store.list({ where, after: prefix, limit: 200 });
        const ids = page.map(({ userId }) => userId).filter((userId) => userId.startsWith(prefix));
        return ids.map((userId) => userId.slice(prefix.length));
      }

      it("orders users by the bytes of their ids, and pages strictly after one", async () => {
        const prefix = user();
        const puts = similarIds.map((id) => putOf(prefix + id));
        await store.write(puts);
        const records = puts.map(({ next }) => next).sort((a, b) => compare(a.userId, b.userId));
        expect(await store.list({ where: [], after: prefix, limit: records.length })).toEqual(records);
        const pages: StoredRecord[] = [];
        while (pages.length < records.length)
          pages.push(...(await store.list({ where: [], after: pages.at(-1)?.userId ?? prefix, limit: 4 })));
        expect(pages.slice(0, records.length)).toEqual(records);
        const withoutAfter = await store.list({ where: [], limit: 2 });
        expect(withoutAfter).toHaveLength(2);
      });

      if (!searches)
        it("refuses to search, instead of scanning", async () => {
          const term: Term = { scope: "public", path: ["plan"], op: "exists", value: true };
          await expect(store.list({ where: [term], limit: 1 })).rejects.toMatchObject({ code: "not_supported" });
        });
      if (!searches) return;

      it("answers every search as core defines it, without confusing types", async () => {
        const prefix = user();
        const documents: JsonObject[] = [{}, ...searched.map((credits) => ({ credits }))] as JsonObject[];
        await store.write(
          documents.map((document, i) => putOf(prefix + letter(i), undefined, { private: ascii(document) })),
        );
        for (const term of terms("private", ["credits"])) {
          const expected = documents.flatMap((document, i) => (satisfies(document, term) ? [letter(i)] : []));
          expect([term, await find(prefix, [term])]).toEqual([term, expected]);
        }
      });

      it("asks for every term", async () => {
        const prefix = user();
        const plan = { scope: "public", path: ["plan"], op: "in", values: [prefix, "none"] } as const;
        const credits = { scope: "private", path: ["credits"] } as const;
        const puts = Array.from({ length: 20 }, (_, i) =>
          putOf(prefix + letter(i), undefined, {
            public: ascii({ plan: i % 2 ? prefix : "other" }),
            private: ascii({ credits: i }),
          }),
        );
        await store.write(puts);
        const range: Term[] = [
          { ...credits, op: "gte", value: 5 },
          { ...credits, op: "lt", value: 12 },
        ];
        expect(await find(prefix, [...range, plan])).toEqual([5, 7, 9, 11].map(letter));
        expect(await find(prefix, [plan, { ...credits, op: "exists", value: false }])).toEqual([]);
        const page = await store.list({ where: [plan], after: prefix + letter(5), limit: 2 });
        expect(page.map(({ userId }) => userId)).toEqual([7, 9].map((i) => prefix + letter(i)));
      });

      it("follows nested keys and odd ones, and sees later writes", async () => {
        const prefix = user();
        const nested: Term = { scope: "unsafe", path: ["address", "city"], op: "in", values: ["Zürich"] };
        const odd: Term = { scope: "unsafe", path: [oddKey], op: "in", values: [`it's "${prefix}"`] };
        const documents = [
          { address: { city: "Zürich" } },
          { address: ["city"], "address.city": "Zürich" },
          { [oddKey]: `it's "${prefix}"` },
        ];
        const puts = documents.map((document, i) => putOf(prefix + letter(i), undefined, { unsafe: ascii(document) }));
        await store.write(puts);
        expect([await find(prefix, [nested]), await find(prefix, [odd])]).toEqual([[letter(0)], [letter(2)]]);
        await steps(prefix + letter(0), 1, () => ({ unsafe: "{}" }));
        await steps(prefix + letter(1), 1, () => ({ unsafe: ascii(documents[0] as JsonObject) }));
        await store.erase(prefix + letter(2));
        expect([await find(prefix, [nested]), await find(prefix, [odd])]).toEqual([[letter(1)], []]);
      });

      it("refuses a path without an index", async () => {
        const declared: Term = { scope: "public", path: ["plan"], op: "exists", value: true };
        for (const path of [["Plan"], ["plan", "x"], ["pla"], ["plan'"]])
          await expect(store.list({ where: [declared, { ...declared, path }], limit: 1 })).rejects.toMatchObject({
            code: "unindexed_path",
          });
      });
    });

    if (namespaces)
      it("keeps namespaces apart", async () => {
        const other = await open({ indexes, namespace: "other" });
        const prefix = user();
        const [here, there] = [
          putOf(`${prefix}a`, undefined, { id: "same" }),
          putOf(`${prefix}a`, undefined, { id: "same" }),
        ];
        expect([await store.write([here]), await other.write([there])]).toEqual([["written"], ["written"]]);
        expect(await store.list({ where: [], after: prefix, limit: 1 })).toEqual([here.next]);
        expect(await other.list({ where: [], after: prefix, limit: 1 })).toEqual([there.next]);
        await other.erase(`${prefix}a`);
        expect([await store.read([`${prefix}a`]), await versions(`${prefix}a`)]).toEqual([[here.next], [1]]);
        expect(await other.read([`${prefix}a`])).toEqual([undefined]);
        await other.close();
      });

    it("answers a ping", async () => {
      await expect(store.ping()).resolves.toBeUndefined();
    });

    it("closes once, and then refuses everything with store_unavailable", async () => {
      const other = await open({ indexes });
      await other.close();
      await other.close();
      const calls = [other.read([user()]), other.write([putOf(user())]), other.erase(user()), other.ping()];
      for (const call of [...calls, other.list({ where: [], limit: 1 }), other.history(user(), { limit: 1 })])
        await expect(call).rejects.toMatchObject({ code: "store_unavailable" });
      await expect(store.ping()).resolves.toBeUndefined();
    });
  });
}

const oddKey = "o'clock\"\\ é😀";
const indexes = ["public.plan", "private.credits", "unsafe.address.city", `unsafe.${oddKey}`] as const;
const now = 1_700_000_000_123;

const run = randomBytes(6).toString("hex");
let users = 0;
/** A user id that nobody has used; none is the beginning of another. */
const user = (): string => `${run}-${++users}:`;
const letter = (i: number): string => String.fromCharCode(0x41 + i);

type Parts = Partial<Record<Scope, string>> &
  Partial<Pick<StoredChange, "id" | "at" | "digest" | "json"> & Pick<Put, "retention">>;

/** The put that makes of `latest` the next version, as core would. */
function putOf(userId: string, latest?: StoredRecord, parts: Parts = {}): Put {
  const { id = randomBytes(8).toString("hex"), at = now, digest = "digest", json = '{"kind":"update"}' } = parts;
  const version = (latest?.version ?? 0) + 1;
  const documents = scopes.map((scope) => {
    const text = parts[scope] ?? (scope === "public" ? ascii({ version }) : undefined);
    return [scope, text === undefined ? (latest?.[scope] ?? unwritten) : { json: text, version, updatedAt: at }];
  });
  const next = {
    userId,
    incarnation: latest?.incarnation ?? randomBytes(8).toString("hex"),
    version,
    createdAt: latest?.createdAt ?? at,
    ...(Object.fromEntries(documents) as Pick<StoredRecord, Scope>),
  };
  const { retention = { entries: 1000, since: 0 } } = parts;
  return { next, expected: latest, change: { id, version, at, digest, json }, retention };
}
const unwritten = { json: "{}", version: 0, updatedAt: 0 };

/** JSON text as core writes it: compact, ASCII. */
function ascii(value: JsonObject): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const similarIds =
  "bob BOB Bob bób bo\u0301b ı i I İ ß ss 😀 😁 \uffff \u{10000} % _ %25 \\ ' \" ` a/b a.b a:b {a} * ? $ null 0 00 ０ ﬁ fi \u200b"
    .split(" ")
    .concat("bob ", " bob", "bob  ", "b ob", "' OR 1=1 --", "~".repeat(100));

const searched = JSON.parse(String.raw`[
  null, true, false, "true", "false", "null", "", "0", "1", "a", "A", "ab", "á", "é", "😀", "\uffff", "\ud800\udc00",
  0, 1, -1, 5, 5.5, 0.1, 0.30000000000000004, 1e21, -1e21, 9007199254740991, 1152921504606847000, 9223372036854776000,
  18446744073709552000, 5e-324, 1.7976931348623157e308, [], {}, [1], ["a"], { "a": 1 }, [null]
]`) as JsonObject[string][];

/** Every comparison of one path with everything that is searched for. */
function terms(scope: Scope, path: readonly string[]): Term[] {
  const scalars = searched.filter((value): value is Scalar => value === null || typeof value !== "object");
  const ordered = scalars.filter((value) => typeof value === "string" || typeof value === "number");
  return [
    ...scalars.map((value): Term => ({ scope, path, op: "in", values: [value] })),
    { scope, path, op: "in", values: scalars.filter((_, i) => i % 2 === 0) },
    { scope, path, op: "in", values: [true, 5, "a", null, "a"] },
    { scope, path, op: "in", values: ["nothing", 77, "[]", "{}"] },
    ...ordered.flatMap((value) =>
      (["gt", "gte", "lt", "lte"] as const).map((op): Term => ({ scope, path, op, value })),
    ),
    { scope, path, op: "exists", value: true },
    { scope, path, op: "exists", value: false },
  ];
}

const oddValues = JSON.parse(String.raw`[
  null, true, false, 0, 1, -1, 0.1, 1.5, 5e-324, 1.7976931348623157e308, 1e21, 9007199254740991, 1152921504606847000, 1e-7,
  "", " ", "\t\n\r", "'", "\"", "\\", "\\\\", "\\u0041", "/", "</script>", "%s", "$1", "?", ":id", "@a", "{}", "[]", "null",
  "\u0001", "\u001f", "\u007f", "\u0080", "\u00a0", "é", "e\u0301", "ß", "ı", "\u2028", "\u2029", "\ufeff", "\uffff", "\ufffd",
  "😀", "👨‍👩‍👧", "\udbff\udfff", "日本語", "العربية", "'; DROP TABLE usermeta_records; --", "9007199254740993", "0x10",
  [], {}, [[]], [{}], [null], { "": "" }, { "a.b": 1 }, { "é😀": 1 }, { "a": { "b": { "c": {} } } }
]`) as JsonObject[string][];
