// Three dialects, one body of data: one version, one change log, and no update lost between them.
import { randomUUID } from "node:crypto";
import { createClerkClient } from "@clerk/backend-3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keys, startWorld, stores, type World } from "./world.ts";

describe.each(Object.keys(stores))("The three wires on %s", (store) => {
  let world: World;
  let id: string;
  beforeEach(async () => {
    world = await startWorld(store);
    id = randomUUID();
  });
  afterEach(() => world.close());

  const clerk = () => createClerkClient({ secretKey: keys.clerk, apiUrl: world.url }).users;
  async function json(method: string, path: string, headers: Record<string, string>, body?: object): Promise<unknown> {
    const response = await fetch(world.url + path, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    expect(response.status).toBe(200);
    return response.json();
  }
  const superTokens = (metadataUpdate: object) =>
    json("PUT", "/recipe/user/metadata", { "api-key": keys.superTokens }, { userId: id, metadataUpdate });
  const hanko = (body: object) =>
    json("PATCH", `/hanko/users/${id}/metadata`, { authorization: `Bearer ${keys.hanko}` }, body);

  it("show what one of them wrote in each other's words", async () => {
    await superTokens({ from: "SuperTokens", plan: { tier: "pro" } });
    const user = await clerk().updateUserMetadata(id, {
      privateMetadata: { plan: { seats: 3 } },
      publicMetadata: { a: 1 },
    });
    expect(user.privateMetadata).toEqual({ from: "SuperTokens", plan: { tier: "pro", seats: 3 } });
    expect(await hanko({ unsafe_metadata: { theme: "dark" }, private_metadata: { from: null } })).toEqual({
      public_metadata: { a: 1 },
      private_metadata: { plan: { tier: "pro", seats: 3 } },
      unsafe_metadata: { theme: "dark" },
    });
    expect(await json("GET", `/recipe/user/metadata?userId=${id}`, { "api-key": keys.superTokens })).toEqual({
      status: "OK",
      metadata: { plan: { tier: "pro", seats: 3 } },
    });

    const { record, history } = await world.meta.export(id);
    expect(record.version).toBe(3);
    expect(history.map(({ version, actor, kind }) => [version, actor, kind])).toEqual([
      [3, "key:hanko", "update"],
      [2, "key:clerk", "update"],
      [1, "key:supertokens", "update"],
    ]);
  });

  it("lose none of 600 updates of one user at once, 200 by each, 400 of them of one scope", async () => {
    // Short keys, because all of private has to stay within Hanko's 3,000 characters.
    const keyOf = (i: number) => i.toString(36);
    const users = clerk();
    const updates = Array.from({ length: 200 }, (_, i) => [
      superTokens({ [keyOf(i)]: 1 }),
      users.updateUserMetadata(id, { [i % 2 ? "publicMetadata" : "privateMetadata"]: { [keyOf(200 + i)]: 2 } }),
      hanko({ [i % 2 ? "unsafe_metadata" : "private_metadata"]: { [keyOf(400 + i)]: 3 } }),
    ]);
    await Promise.all(updates.flat());

    const { record, history } = await world.meta.export(id);
    expect(record.version).toBe(600);
    expect(history).toHaveLength(600);
    const sizes = [record.private, record.public, record.unsafe].map((scope) => Object.keys(scope).length);
    expect(sizes).toEqual([400, 100, 100]);
    expect(Object.keys({ ...record.private, ...record.public, ...record.unsafe })).toHaveLength(600);
  });
});
