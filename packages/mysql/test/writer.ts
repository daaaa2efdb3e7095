import { randomUUID } from "node:crypto";
import type { StoredRecord } from "@usermeta/core";
import { mysqlStore } from "@usermeta/mysql";

// One of several processes that write the same users at once. Tells how many puts were written.
const store = mysqlStore(process.argv[2] as string, { namespace: "processes", timeout: 20_000 });
const ids = Array.from({ length: 20 }, (_, i) => `user${i}`);
let written = 0;
for (let round = 0; round < 40; round++) {
  const some = ids.filter(() => Math.random() < 0.5).sort(() => Math.random() - 0.5);
  const latest = await store.read(some);
  const results = await store.write(some.map((userId, i) => next(userId, latest[i])));
  for (const result of results) {
    if (result === "written") written++;
    else if (result !== "conflict") throw new Error(`a put came to ${JSON.stringify(result)}`);
  }
}
await store.close();
process.send?.(written);

function next(userId: string, expected: StoredRecord | undefined) {
  const version = (expected?.version ?? 0) + 1;
  const scope = { json: "{}", version, updatedAt: 1 };
  const incarnation = expected?.incarnation ?? randomUUID().slice(0, 16);
  return {
    next: { userId, incarnation, version, createdAt: 1, public: scope, private: scope, unsafe: scope },
    expected,
    change: { id: randomUUID(), version, at: 1, digest: "", json: "{}" },
    retention: { entries: 5, since: 0 },
  };
}
