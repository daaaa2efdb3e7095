import { mintToken, testVerifier } from "@usermeta/testkit";
import { expect } from "vitest";
import { type HostProcess, startHost } from "./host-process.ts";
import type { RawAnswer, RawRequest } from "./socket.ts";

type Documents = Readonly<Record<"public" | "private" | "unsafe", unknown>>;

/** A host with an admin key, a cookie, one allowed origin, and two users that every case finds as it expects them. */
export interface World extends HostProcess {
  readonly binding: string;
  readonly adminKey: string;
  token(userId: string): Promise<string>;
  /** A request with the admin key. */
  admin(method: string, path: string, body?: unknown): Promise<RawAnswer>;
  /** Removes every user, and makes user_1 and user_2. `unsafe`: what user_1's own scope holds; never written by default. */
  reset(unsafe?: unknown): Promise<void>;
  /** Everything stored: each user's record as text, byte for byte. */
  snapshot(): Promise<Readonly<Record<string, string>>>;
  /** The ETag that a user's own route answers. */
  etag(userId: string): Promise<string>;
}

/** Texts that no answer to user_1 and no log may hold. */
export const secrets = { user_2: "only-user-2-may-see-this", private: "the-server-alone-knows-this" } as const;

const path = (userId: string): string => `/admin/users/${encodeURIComponent(userId)}/metadata`;

export async function openWorld(binding: string, store: string): Promise<World> {
  const adminKey = "the-admin-key-of-the-vector-tests-0123456789";
  const host = await startHost(binding, {
    store,
    verifier: { ...(await testVerifier()) },
    cookie: { name: "__session" },
    origins: ["https://app.test"],
    adminKey,
  });
  const tokens = new Map<string, Promise<string>>();

  function token(userId: string): Promise<string> {
    const made = tokens.get(userId) ?? mintToken({ sub: userId });
    tokens.set(userId, made);
    return made;
  }

  async function admin(method: string, target: string, body?: unknown): Promise<RawAnswer> {
    const headers: RawRequest["headers"] = [
      ["Authorization", `Bearer ${adminKey}`],
      ["Content-Type", "application/json"],
    ];
    return host.send({ method, path: target, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  }

  async function users(): Promise<readonly ({ readonly userId: string } & Documents)[]> {
    const answer = await admin("GET", "/admin/users?limit=500");
    expect(answer.status, answer.body).toBe(200);
    return (JSON.parse(answer.body) as { users: readonly ({ userId: string } & Documents)[] }).users;
  }

  async function write(userId: string, documents: Partial<Documents>): Promise<void> {
    const answer = await admin("PUT", path(userId), documents);
    expect(answer.status, answer.body).toBe(200);
  }

  return {
    ...host,
    binding,
    adminKey,
    token,
    admin,
    async reset(unsafe) {
      for (const { userId } of await users()) {
        const erased = await admin("DELETE", `/admin/users/${encodeURIComponent(userId)}`);
        expect(erased.status, erased.body).toBe(204);
      }
      const own = unsafe === undefined ? {} : { unsafe };
      await write("user_1", { public: { role: "member" }, private: { note: secrets.private }, ...own });
      const theirs = { mark: secrets.user_2 };
      await write("user_2", { public: theirs, private: { ...theirs, note: secrets.private }, unsafe: theirs });
    },
    async snapshot() {
      return Object.fromEntries((await users()).map((user) => [user.userId, JSON.stringify(user)]));
    },
    async etag(userId) {
      const headers: RawRequest["headers"] = [["Authorization", `Bearer ${await token(userId)}`]];
      const answer = await host.send({ method: "GET", path: "/me/metadata", headers });
      return answer.headers.get("etag") ?? expect.unreachable("no ETag");
    },
  };
}
