import { type UserMeta, UserMetaError } from "@usermeta/core";
import { expect } from "vitest";
import { clock, form, highest, report } from "../form.ts";
import type { Ground } from "../grounds.ts";
import { collect, openMeta, untilAnswered } from "../open.ts";
import { type Fate, proxyTo } from "../proxy.ts";

/** What one update came to whose connection broke. */
interface Cut {
  /** `"ok"` or the error's code. */
  readonly code: string;
  readonly ms: number;
  /** How often it was there then, and after it was repeated under its key. */
  readonly first: number;
  readonly again: number;
  readonly changes: number;
}

const increment = (meta: UserMeta, userId: string): Promise<unknown> =>
  meta.update(userId, ({ private: { n = 0 } }) => ({ private: { n: Number(n) + 1 } }), { idempotencyKey: "once" });

/** E6: the connection breaks at each message of an update, of a user who is new and of one who is known. */
export async function cuts(store: string, { url }: Ground): Promise<void> {
  const namespace = "cuts";
  const direct = await openMeta(url, namespace);
  for (const fate of form<readonly Fate[]>(["cut before", "cut after"], ["cut before", "cut after", "swallow"])) {
    const found: Cut[] = [];
    // Several at a time: each waits for something most of the while.
    for (let from = 0, isEnd = false; !isEnd; from += lane) {
      const some = await Promise.all(
        Array.from({ length: lane }, (_, i) => breakAt(url, direct, namespace, fate, from + i)),
      );
      found.push(...some.filter((one) => one !== undefined));
      isEnd = some.includes(undefined);
    }
    report(`E6: ${fate}`, store, {
      "cut points": found.length,
      ok: found.filter(({ code }) => code === "ok").length,
      store_unavailable: found.filter(({ code }) => code === "store_unavailable").length,
      outcome_unknown: found.filter(({ code }) => code === "outcome_unknown").length,
      "applied though 503": found.filter(({ code, first }) => code !== "ok" && first > 0).length,
      doubled: found.filter(({ again }) => again > 1).length,
      "slowest answer (ms)": highest(found.map(({ ms }) => ms)),
    });
    for (const one of found) {
      expect(["ok", "store_unavailable", "outcome_unknown"], JSON.stringify(one)).toContain(one.code);
      if (one.code === "ok") expect(one).toMatchObject({ first: 1 });
      // "Nothing was written" must be true.
      if (one.code === "store_unavailable") expect(one).toMatchObject({ first: 0 });
      expect(one).toMatchObject({ again: 1, changes: 1 });
    }
    expect(found.length).toBeGreaterThanOrEqual(6);
  }
  await direct.close();
}

const lane = 8;

/** Undefined once there are not so many messages. */
async function breakAt(
  url: string,
  direct: UserMeta,
  namespace: string,
  fate: Fate,
  point: number,
): Promise<Cut | undefined> {
  const isNew = point % 2 === 0;
  const userId = `${fate} ${point}`;
  if (!isNew) await direct.update(userId, { public: { is: "known" } });
  const proxy = await proxyTo(url);
  const meta = await openMeta(proxy.url, namespace);
  await meta.get(userId); // connected
  proxy.plan(Math.floor(point / 2), fate);
  const from = clock();
  const code = await increment(meta, userId).then(
    () => "ok",
    (error: unknown) => (error instanceof UserMetaError ? error.code : String(error)),
  );
  const ms = clock() - from;
  const { hasStruck } = proxy;
  const first = Number((await direct.get(userId)).private["n"] ?? 0);
  proxy.heal();
  await untilAnswered(() => increment(meta, userId));
  const again = Number((await direct.get(userId)).private["n"]);
  const changes = (await collect(direct.history(userId))).length - (isNew ? 0 : 1);
  await meta.close();
  await proxy.close();
  return hasStruck ? { code, ms, first, again, changes } : undefined;
}
