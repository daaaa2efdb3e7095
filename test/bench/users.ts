import type { AnyDocuments, JsonObject } from "@usermeta/core";

/** The id of a user: distinct for each number below 2^32, in no order. */
export const userIdOf = (i: number): string =>
  `user_${(Math.imul(i, 2_654_435_761) >>> 0).toString(16).padStart(8, "0")}`;

/** A record of 1 KB, as compact JSON of its three scopes together; other sizes have more drafts, or none. */
export function documentsOf(i: number, bytes = 1_000): AnyDocuments {
  return {
    public: {
      plan: i % 10 === 0 ? "pro" : "free",
      name: `User Number ${i}`,
      locale: "en-GB",
      roles: ["reader", "author"],
    },
    private: {
      customer: `cus_${i.toString(36).padStart(14, "0")}`,
      credits: i % 100,
      flags: { beta: true, churn: 0.25 },
    },
    unsafe: { theme: "dark", seen: 0, drafts: drafts(i, Math.floor((bytes - 250) / 115)) },
  };
}

const words = "metadata of a user is small, and it is read far more often than it is written";
const drafts = (i: number, length: number): readonly JsonObject[] =>
  Array.from({ length: Math.max(length, 0) }, (_, n) => ({ id: `${i}-${n}`, title: words, open: n % 2 === 0 }));

/** Gives the numbers below `count` in random order, over and over, so that those in use at a time are distinct. */
export function shuffled(count: number): () => number {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  let at = 0;
  return () => order[at++ % count] as number;
}
