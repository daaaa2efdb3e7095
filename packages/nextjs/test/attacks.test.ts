import { createUserMeta, jwtVerifier, memoryStore } from "@usermeta/core";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { NextRequest } from "next/server.js";
import { expect, test } from "vitest";
import { verifySession } from "../src/index.ts";

test("a guarded handler asks for a session whatever x-middleware-subrequest says (CVE-2025-29927)", async () => {
  const meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
  const handler = verifySession(meta, () => new Response("secret"));
  const ask = async (headers: Record<string, string>) =>
    (await handler(new NextRequest("http://app.test/account", { headers }), { params: Promise.resolve({}) })).status;
  for (const value of [
    "middleware",
    "src/middleware",
    "proxy",
    "middleware:middleware:middleware:middleware:middleware",
  ])
    expect(await ask({ "x-middleware-subrequest": value })).toBe(401);
  expect(await ask({ authorization: `Bearer ${await mintToken({ sub: "ada" })}` })).toBe(200);
});
