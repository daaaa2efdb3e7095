import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInThisContext } from "node:vm";
import { expect, test } from "vitest";
import { toRequest } from "../src/node.ts";
import { WebRequest } from "../src/web.ts";

setFlagsFromString("--allow-natives-syntax");
const share = runInThisContext("(one, other) => %HaveSameMap(one, other)") as (one: object, other: object) => boolean;

// A literal with a getter has one of its own each time, which made a read twice as dear.
test.each([
  ["Node's", () => toRequest(new IncomingMessage(new Socket()), new Socket(), "/me/metadata")],
  ["the web's", () => new WebRequest(new Request("https://api.example/me/metadata"), "/me/metadata")],
])("%s requests share a hidden class, and make their signal when asked", (_, make) => {
  const [one, other] = [make(), make()];
  expect(share(one, other)).toBe(true);
  expect(one.signal?.aborted).toBe(false);
  expect(share(one, other)).toBe(true);
  expect(share(one, {})).toBe(false); // the comparison can fail
});

test("the web's signal tells that its answer was given up", () => {
  const request = new WebRequest(new Request("https://api.example/me/metadata"), "/me/metadata");
  const { signal } = request;
  request.leave();
  expect(signal.aborted).toBe(true);
  expect(request.signal.aborted).toBe(true); // whoever asks later learns it too
});

test.each([
  ["Node's", toRequest(new IncomingMessage(new Socket()), new Socket(), "/console/users")],
  ["the web's", new WebRequest(new Request("https://api.example/console/users"), "/console/users")],
])("%s requests can be seen from below a path", (_, request) => {
  const below = Object.create(request, { url: { value: "/users" } }) as typeof request;
  expect(below.url).toBe("/users");
  expect(below.method).toBe(request.method);
  expect(below.body).toBe(request.body);
  expect(below.signal?.aborted).toBe(false);
});
