import { inspect } from "node:util";
import { expect, test } from "vitest";
import { createSession } from "../../src/session/session.ts";

const session = createSession({
  token: "a.b.c",
  userId: "user_1",
  claims: { sub: "user_1" },
  expiresAt: 1_900_000_000.5,
});

test("a session says who the request acts for and how long", () => {
  expect(session.userId).toBe("user_1");
  expect(session.claims).toEqual({ sub: "user_1" });
  expect(session.expiresAt).toBe("2030-03-17T17:46:40.500Z");
});

test("SuperTokens' names give the same", () => {
  expect(session.getUserId()).toBe(session.userId);
  expect(session.getAccessTokenPayload()).toBe(session.claims);
});

test("the token can be read, and is in no log, no JSON and no copy", () => {
  expect(session.token).toBe("a.b.c");
  expect(Object.keys(session)).toEqual(["userId", "claims", "expiresAt"]);
  expect(JSON.stringify(session)).not.toContain("a.b.c");
  expect(JSON.stringify({ ...session })).not.toContain("a.b.c");
  expect(inspect(session)).not.toContain("a.b.c");
});
