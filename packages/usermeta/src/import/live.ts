import { setTimeout as sleep } from "node:timers/promises";
import { invalidConfig, UserMetaError } from "@usermeta/core";
import { parseJson } from "@usermeta/core/routes";
import type { Entry, Source } from "./entry.ts";
import { readElements } from "./json.ts";

/** The vendors whose APIs are read directly. */
export type LiveName = "clerk" | "supertokens" | "hanko";

/** Where a vendor's API is, and what opens it. */
export interface Api {
  readonly url: string;
  readonly key: string | undefined;
}

/** Users of one API, oldest first, so that those who sign up meanwhile come last. */
export function openApi(name: LiveName, api: Api): Source {
  const ask = client(api);
  let read = 0;
  let total: number | undefined;
  async function* entries(done: number): AsyncGenerator<readonly Entry[], void, undefined> {
    total = await counters[name](ask);
    for await (const group of readers[name](ask, done)) {
      read = group.at(-1)?.row ?? read;
      yield group;
    }
  }
  return {
    name: `${name} at ${new URL(api.url).host}`,
    unit: "user",
    fingerprint: api.url,
    entries,
    progress: () => (total === undefined || total === 0 ? undefined : Math.min(read / total, 1)),
  };
}

type Ask = (path: string, body?: unknown) => Promise<Response>;
type Reader = (ask: Ask, done: number) => AsyncIterable<readonly Entry[]>;

const readers: Readonly<Record<LiveName, Reader>> = { clerk, supertokens, hanko };
const counters: Readonly<Record<LiveName, (ask: Ask) => Promise<number | undefined>>> = {
  clerk: async (ask) => ((await json(await ask("/v1/users/count"))) as { total_count?: number }).total_count,
  supertokens: async (ask) => ((await json(await ask("/users/count"))) as { count?: number }).count,
  hanko: async (ask) =>
    Number((await ask("/users?per_page=1")).headers.get("x-total-count") ?? Number.NaN) || undefined,
};

/**
 * Clerk's Backend API: at most 500 users a page, with their metadata.
 * https://clerk.com/docs/reference/backend-api/tag/Users#operation/GetUserList
 */
async function* clerk(ask: Ask, done: number): AsyncGenerator<readonly Entry[], void, undefined> {
  for (let offset = done; ; ) {
    const page = await elements(await ask(`/v1/users?limit=500&offset=${offset}&order_by=%2Bcreated_at`), offset);
    if (page.length === 0) return;
    yield page;
    offset += page.length;
  }
}

/**
 * SuperTokens core: ids by pages, then metadata by 500 where the core has the route for it (11.4), else one by one.
 * https://app.swaggerhub.com/apis/supertokens/CDI, `GET /users`, `POST /recipe/user/metadata/bulk`
 */
async function* supertokens(ask: Ask, done: number): AsyncGenerator<readonly Entry[], void, undefined> {
  let [row, token, hasBulk] = [0, "", true];
  do {
    const page = (await json(await ask(`/users?limit=500&timeJoinedOrder=ASC${token}`))) as UserPage;
    const userIds = page.users.map((user) => user.id ?? user.user?.id ?? "");
    if (row + userIds.length > done && userIds.length > 0) {
      const answer = hasBulk ? await ask("/recipe/user/metadata/bulk", { userIds }) : undefined;
      hasBulk = answer?.status === 200;
      if (answer !== undefined && hasBulk) yield after(done, await elements(answer, row));
      else yield after(done, await each(userIds, row, (id) => metadataOf(ask, id)));
    }
    row += userIds.length;
    token = page.nextPaginationToken ? `&paginationToken=${encodeURIComponent(page.nextPaginationToken)}` : "";
  } while (token !== "");
}

interface UserPage {
  /** Since CDI 4.0 `{ id }`; before that `{ recipeId, user: { id } }`. */
  readonly users: readonly { readonly id?: string; readonly user?: { readonly id: string } }[];
  readonly nextPaginationToken?: string;
}

async function metadataOf(ask: Ask, userId: string): Promise<unknown> {
  const answer = await ask(`/recipe/user/metadata?userId=${encodeURIComponent(userId)}`);
  const { metadata } = parseJson(await answer.text(), true) as { metadata?: unknown };
  return { userId, metadata };
}

/**
 * Hanko's Admin API: its list of users holds no metadata, so each user is asked for.
 * https://docs.hanko.io/api-reference/admin/user-management/list-users, `GET /users/{id}/metadata`
 */
async function* hanko(ask: Ask, done: number): AsyncGenerator<readonly Entry[], void, undefined> {
  const size = 100;
  for (let page = Math.floor(done / size) + 1; ; page++) {
    const users = (await json(await ask(`/users?page=${page}&per_page=${size}&sort_direction=asc`))) as {
      id: string;
    }[];
    const ids = users.map(({ id }) => id);
    yield after(
      done,
      await each(ids, (page - 1) * size, async (id) => {
        const answer = await ask(`/users/${encodeURIComponent(id)}/metadata`);
        // 204: no metadata. 404: deleted since the list was made.
        return { user_id: id, metadata: answer.status === 200 ? parseJson(await answer.text(), true) : null };
      }),
    );
    if (users.length < size) return;
  }
}

const after = (done: number, entries: readonly Entry[]): readonly Entry[] => entries.filter(({ row }) => row > done);

/** Asks for many users, a few at a time; what is wrong with one is told when its row is read. */
async function each(
  userIds: readonly string[],
  base: number,
  load: (userId: string) => Promise<unknown>,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  const left = [...userIds.entries()];
  async function work(): Promise<void> {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [i, userId] = next;
      const read = await load(userId).then(
        (value) => () => value,
        (error: unknown) => () => {
          throw error;
        },
      );
      entries[i] = { row: base + i + 1, size: 1000, read };
    }
  }
  await Promise.all(Array.from({ length: 10 }, work));
  return entries;
}

/** The elements of an answer that is an array, or an object with an array `users`, each as its own text. */
async function elements(answer: Response, base: number): Promise<readonly Entry[]> {
  const bytes = Buffer.from(await answer.arrayBuffer());
  async function* once(): AsyncGenerator<Buffer, void, undefined> {
    yield bytes;
  }
  const entries: Entry[] = [];
  for await (const group of readElements(once()))
    for (const one of group) entries.push({ ...one, row: base + one.row });
  return entries;
}

/** Ids and counts; metadata never goes through here, because `JSON.parse` rounds. */
async function json(answer: Response): Promise<unknown> {
  try {
    return await answer.json();
  } catch (cause) {
    throw new UserMetaError("invalid_request", "the API did not answer with JSON: is the address right?", { cause });
  }
}

/** Asks politely: waits where it is told to, and tries again what may pass. Throws `invalid_config`, `not_supported`. */
function client({ url, key }: Api): Ask {
  const base = url.replace(/\/+$/, "");
  const headers = {
    "content-type": "application/json",
    // SuperTokens' own name for it, besides the one that everybody takes.
    ...(key !== undefined && { authorization: `Bearer ${key}`, "api-key": key }),
  };
  return async (path, body) => {
    const init = { headers, ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }) };
    for (let attempts = 0; ; attempts++) {
      const answer = await fetch(base + path, init).catch(() => undefined);
      const status = answer?.status ?? 0;
      if (answer !== undefined && (status < 400 || status === 404 || status === 405)) return answer;
      if (status === 401 || status === 403) throw invalidConfig("the API refuses the key");
      if (attempts === 5 || (status !== 0 && status !== 429 && status < 500))
        throw new UserMetaError(
          "store_unavailable",
          `the API ${status === 0 ? "cannot be reached" : `answers ${status}`}`,
        );
      await answer?.body?.cancel();
      const told = Number(answer?.headers.get("retry-after"));
      await sleep(told > 0 ? told * 1000 : 250 * 2 ** attempts);
    }
  };
}
