// One process of several that share a key file: `node process.ts <mode> <file>`. Prints JSON lines; starts at a line of input.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { sessionIssuer } from "@usermeta/issuer";
import { fileKeys } from "@usermeta/issuer/file";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { audience, issuer, passphrase, userOf } from "./samples.ts";

const [mode, path = ""] = process.argv.slice(2);
const say = (value: unknown): unknown => process.stdout.write(`${JSON.stringify(value)}\n`);
const kidsOf = (keys: readonly { readonly [name: string]: unknown }[]): unknown[] => keys.map(({ kid }) => kid);

say("ready");
await once(process.stdin, "data");

if (mode === "open") {
  const from = sessionIssuer({ keys: await fileKeys(path, { passphrase }), issuer, audience });
  say(kidsOf((await from.keySet()).keys));
  process.exit();
}

// The life of many days in a few seconds: every look finds that a new key is due.
if (mode === "churn") {
  const keys = await fileKeys(path, { passphrase, rotateEvery: 100, publishAhead: 10 });
  let now = Date.now();
  const from = sessionIssuer({ keys, issuer, audience, clock: () => now });
  for (;;) {
    now += 95_000;
    say(kidsOf((await from.keySet()).keys));
  }
}

// Real time, short lives: what an application does, ten times a second.
if (mode === "live") {
  const keys = await fileKeys(path, { passphrase, rotateEvery: 5, publishAhead: 4, clockTolerance: 1 });
  const from = sessionIssuer({ keys, issuer, audience, lifetime: 2 });
  for (;;) {
    const { token } = await from.issue({ user: userOf() });
    const before = Date.now();
    const set = await from.keySet();
    const { iat, exp } = decodeJwt(token);
    say({ token, kid: decodeProtectedHeader(token).kid, iat, exp, before, after: Date.now(), set: kidsOf(set.keys) });
    await sleep(100);
  }
}
