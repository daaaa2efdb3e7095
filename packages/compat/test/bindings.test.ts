// Every binding carries the wires: the exact content type, bodies that are not there, texts, 204.
import { createClerkClient } from "@clerk/backend-3";
import { clerkRoutes, hankoRoutes, superTokensRoutes } from "@usermeta/compat";
import { createUserMeta, jwtVerifier, memoryStore } from "@usermeta/core";
import { testVerifier } from "@usermeta/testkit";
import { expect, it } from "vitest";
import { bindings } from "../../../test/host/bindings.ts";
import { keys } from "./world.ts";

const id = "48986f51-d9c8-4f22-89e9-fb7fab959399";

// Next.js takes more than a minute to build; its mounts carry what they are given as those of fetch and Express do.
const quick = Object.keys(bindings).filter((name) => !name.startsWith("nextjs"));

it.each(quick)("%s", async (name) => {
  const meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
  const serve = await bindings[name]?.();
  const routes = [
    clerkRoutes(meta, { secretKey: keys.clerk }),
    hankoRoutes(meta, { apiKey: keys.hanko }),
    superTokensRoutes(meta, { apiKeys: [keys.superTokens] }),
  ];
  const server = await serve?.({ meta, routes, port: 0 });
  const url = `http://127.0.0.1:${server?.port}`;

  const { users } = createClerkClient({ secretKey: keys.clerk, apiUrl: url });
  await users.updateUserMetadata(id, { privateMetadata: { a: { b: 1, c: "é🎉" } } });
  expect((await users.updateUserMetadata(id, {})).privateMetadata).toEqual({ a: { b: 1, c: "é🎉" } });
  await expect(users.updateUserMetadata(id, { publicMetadata: 1 as never })).rejects.toMatchObject({ status: 422 });

  const superTokens = (method: string, path: string, body?: string) =>
    fetch(url + path, { method, headers: { "api-key": keys.superTokens }, ...(body !== undefined && { body }) });
  const put = await superTokens("PUT", "/recipe/user/metadata", `{"userId":"${id}","metadataUpdate":{"d":[null]}}`);
  expect(put.headers.get("content-type")).toBe("application/json; charset=UTF-8");
  expect(await put.json()).toEqual({ metadata: { a: { b: 1, c: "é🎉" }, d: [null] }, status: "OK" });
  const refused = await superTokens("PUT", "/recipe/user/metadata", "{'userId'}");
  expect([refused.status, await refused.text()]).toEqual([400, "Invalid Json Input\n"]);
  expect(refused.headers.get("content-type")).toBe("text/html; charset=UTF-8");

  const headers = { authorization: `Bearer ${keys.hanko}`, "content-type": "application/json" };
  const cleared = await fetch(`${url}/users/${id}/metadata`, { method: "PATCH", headers, body: "null" });
  expect([cleared.status, await cleared.text()]).toEqual([204, ""]);
  expect((await meta.get(id)).private).toEqual({});
  await server?.close();
});
