import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import type { SessionIssuer } from "@usermeta/core";
import { sessionIssuer } from "@usermeta/issuer";
import { type FileKeysOptions, fileKeys } from "@usermeta/issuer/file";
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader, type JWK } from "jose";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { audience, claimsOf, issuer, passphrase, refusal, userOf } from "./samples.ts";

const root = mkdtempSync(join(tmpdir(), "usermeta-issuer-"));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(root, { recursive: true });
});

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, "test-"));
  path = join(folder, "usermeta.keys");
});

async function open(options: Partial<FileKeysOptions> = {}, clock: () => number = Date.now): Promise<SessionIssuer> {
  return sessionIssuer({ keys: await fileKeys(path, { passphrase, ...options }), issuer, audience, clock });
}
const kidsOf = async (from: SessionIssuer): Promise<unknown[]> => (await from.keySet()).keys.map(({ kid }) => kid);
const signerOf = async (from: SessionIssuer): Promise<unknown> =>
  decodeProtectedHeader((await from.issue({ user: userOf() })).token).kid;

/** What is inside the file, by jose and the passphrase alone. */
async function inside(): Promise<readonly JWK[]> {
  const key = new TextEncoder().encode(passphrase);
  const { plaintext, protectedHeader } = await compactDecrypt(readFileSync(path, "utf8"), key, {
    keyManagementAlgorithms: ["PBES2-HS512+A256KW"],
    maxPBES2Count: 1e6,
  });
  expect(protectedHeader).toMatchObject({
    alg: "PBES2-HS512+A256KW",
    enc: "A256GCM",
    cty: "jwk-set+json",
    p2c: 210_000,
  });
  return (JSON.parse(new TextDecoder().decode(plaintext)) as { keys: JWK[] }).keys;
}

describe("A key file", () => {
  it("keeps the keys over a restart, for its owner's eyes only", async () => {
    const from = await open();
    const { token } = await from.issue({ user: userOf() });
    const again = await open();
    expect(await kidsOf(again)).toEqual([decodeProtectedHeader(token).kid]);
    expect(await claimsOf(again)).toMatchObject({ sub: "ada" });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["usermeta.keys"]);
  });

  it.for(["RS256", "ES256", "EdDSA"] as const)("keeps keys of %s over rotations and restarts", async (algorithm) => {
    let now = Date.now();
    const options = { algorithm, rotateEvery: 1000, publishAhead: 100 };
    const first = await open(options, () => now);
    const signer = await signerOf(first);
    now += 950_000;
    const [, next] = await kidsOf(first);
    now += 100_000;
    const second = await open(options, () => now);
    expect([await signerOf(second), await kidsOf(second)]).toEqual([next, [signer, next]]);
    expect((await inside()).map(({ kid, alg }) => [kid, alg])).toEqual([
      [signer, algorithm],
      [next, algorithm],
    ]);
    expect(await claimsOf(second)).toMatchObject({ sub: "ada" });
    now += 950_000;
    expect(await kidsOf(second)).toEqual([next, expect.any(String)]);
    expect((await inside()).map(({ kid }) => kid)).toEqual(await kidsOf(second)); // the first has left the file
  });

  it("changes to another algorithm by way of a rotation", async () => {
    let now = Date.now();
    const before = await signerOf(await open({ algorithm: "RS256" }, () => now));
    const from = await open({ algorithm: "EdDSA" }, () => now);
    expect(await signerOf(from)).toBe(before);
    expect((await from.keySet()).keys.map(({ alg }) => alg)).toEqual(["RS256", "EdDSA"]);
    now += 3600_000;
    expect(await signerOf(from)).not.toBe(before);
    now += 200_000;
    expect((await from.keySet()).keys.map(({ alg }) => alg)).toEqual(["EdDSA"]);
  });

  it("shows private keys and the passphrase nowhere", async () => {
    const keys = await fileKeys(path, { passphrase });
    const from = sessionIssuer({ keys, issuer, audience });
    const ring = await keys(Math.floor(Date.now() / 1000), 60);
    const shown = [keys, from, ring, await from.keySet(), await from.issue({ user: userOf() })]
      .map((value) => inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true }) + JSON.stringify(value))
      .concat(readFileSync(path, "utf8"))
      .join("\n");
    const [jwk] = await inside();
    expect(jwk?.d).toMatch(/^[\w-]{43}$/);
    expect(shown).not.toContain(jwk?.d);
    expect(shown).not.toContain(passphrase);
    expect(Object.keys((await from.keySet()).keys[0] ?? {}).sort()).toEqual([
      "alg",
      "crv",
      "kid",
      "kty",
      "use",
      "x",
      "y",
    ]);
  });

  it("takes every token back within a minute when it is removed", async () => {
    let now = Date.now();
    const from = await open({}, () => now);
    const before = await kidsOf(from);
    rmSync(path);
    now += 60_000;
    const after = await kidsOf(from);
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
    expect(await kidsOf(await open())).toEqual(after);
  });

  it("is followed when it is a link", async () => {
    const link = join(folder, "link");
    const first = await open();
    symlinkSync(path, link);
    let now = Date.now();
    const keys = await fileKeys(link, { passphrase, rotateEvery: 1000, publishAhead: 100 });
    const from = sessionIssuer({ keys, issuer, audience, clock: () => now });
    now += 950_000;
    expect(await kidsOf(from)).toHaveLength(2);
    expect(await kidsOf(await open())).toEqual(await kidsOf(from));
    expect(await kidsOf(await open())).toContain((await kidsOf(first))[0]);
  });

  it("goes on with the keys that it has, and says so, when it can no longer be read or replaced", async () => {
    const errors: unknown[] = [];
    let now = Date.now();
    const from = await open(
      { rotateEvery: 1000, publishAhead: 100, onError: (error) => errors.push(error) },
      () => now,
    );
    const before = await kidsOf(from);
    const text = readFileSync(path);
    for (const damage of [() => writeFileSync(path, "x"), () => [rmSync(path), rmSync(folder, { recursive: true })]]) {
      damage();
      now += 60_000;
      expect(await signerOf(from)).toBe(before[0]);
    }
    expect(errors.map(String)).toEqual([
      expect.stringMatching(/usermeta\.keys cannot be opened: another passphrase made it/),
      expect.stringMatching(/ENOENT/),
    ]);
    expect(text.length).toBeGreaterThan(0);
  });
});

describe("fileKeys refuses at start", () => {
  const start = (options: Partial<FileKeysOptions> | undefined = {}, at = path): Promise<string> =>
    refusal(() => fileKeys(at, { passphrase, ...options }));
  const unopened =
    /^invalid_config: .*usermeta\.keys cannot be opened: another passphrase made it, it is damaged, or it is/;

  it("another passphrase, and tells neither", async () => {
    await open();
    const other = "another horse battery staple, of 32 at least";
    const error = await fileKeys(path, { passphrase: other }).catch((error: unknown) => error);
    expect(String(error)).toMatch(/cannot be opened: another passphrase made it/);
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toMatch(/horse|[\w-]{40}/);
  });

  it("a file with one letter changed, wherever it is", { timeout: 240_000 }, async () => {
    await open();
    const text = readFileSync(path, "utf8");
    const places = Array.from({ length: 12 }, (_, i) => Math.floor(((i + 0.5) * text.length) / 12));
    for (const at of places) {
      const letter = text[at] === "A" ? "B" : "A";
      writeFileSync(path, text.slice(0, at) + letter + text.slice(at + 1));
      expect(await start()).toMatch(unopened);
    }
    writeFileSync(path, text);
    expect(await start()).toBe("nothing thrown");
  });

  it.for<[what: string, text: string]>([
    ["an empty file", ""],
    ["half a file", "eyJhbGciOiJQQkVTMi1IUzUxMitBMjU2S1ciLCJlbmMi"],
    ["a plain key set", '{"keys":[]}'],
    ["binary", "\u0000\u0001\u0002"],
  ])("%s, and leaves it alone", async ([, text]) => {
    writeFileSync(path, text);
    expect(await start()).toMatch(unopened);
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  it.for<[what: string, content: unknown]>([
    ["no key set", 7],
    ["no keys", { keys: [] }],
    ["keys of others", { keys: [{ kty: "oct", k: "c2VjcmV0IGMyVmpjbVYw" }] }],
    ["a key without a schedule", { keys: [{ kty: "EC", crv: "P-256", d: "x", alg: "ES256", kid: "a" }] }],
  ])("a file of the right passphrase with %s", async ([, content]) => {
    const text = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(content)))
      .setProtectedHeader({ alg: "PBES2-HS512+A256KW", enc: "A256GCM" })
      .encrypt(new TextEncoder().encode(passphrase));
    writeFileSync(path, text);
    expect(await start()).toMatch(unopened);
  });

  it("a file that wants a billion rounds of PBKDF2", async () => {
    await open();
    const [head = "", ...rest] = readFileSync(path, "utf8").split(".");
    const header = { ...(JSON.parse(Buffer.from(head, "base64url").toString()) as object), p2c: 1e9 };
    writeFileSync(path, [Buffer.from(JSON.stringify(header)).toString("base64url"), ...rest].join("."));
    expect(await start()).toMatch(unopened);
  });

  it.for<[options: Record<string, unknown>, message: string]>([
    [{ passphrase: undefined }, "`passphrase` must have at least 32 characters; is an environment variable missing?"],
    [{ passphrase: "x".repeat(31) }, "`passphrase` must have at least 32 characters"],
    [{ passphrase: 7 }, "`passphrase` must have at least 32 characters"],
    [{ rotateEvery: 10 }, "`rotateEvery` must be"],
    [{ onError: true }, "`onError` must be a function"],
    [{ pasphrase: "x" }, 'fileKeys has no option "pasphrase"'],
  ])("options like %j", async ([options, message]) => {
    expect(await start(options)).toContain(`invalid_config: ${message}`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("a path that is none, a folder that is not there or is a file, a folder, and a link that leads nowhere", async () => {
    writeFileSync(join(folder, "file"), "");
    symlinkSync(join(folder, "nowhere", "x"), join(folder, "dangling"));
    expect(await start({}, "")).toMatch(/^invalid_config: fileKeys takes a path/);
    for (const at of [join(folder, "absent", "keys"), join(folder, "file", "keys"), folder, join(folder, "dangling")])
      expect(await start({}, at)).toMatch(/^invalid_config: .* must be a file that this process may read and write/);
    expect(readdirSync(folder)).toEqual(["dangling", "file"]);
  });
});

/** A process that shares the file, and the lines it prints. */
function start(mode: string) {
  const script = fileURLToPath(new URL("process.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@usermeta/source", script, mode, path], { stdio: "pipe" });
  children.push(child);
  const lines: unknown[] = [];
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  createInterface(child.stdout).on("line", (line) => lines.push(JSON.parse(line)));
  const until = async (count: number): Promise<void> => {
    while (lines.length < count) {
      if (child.exitCode !== null) throw new Error(`the process ended: ${errors}`);
      await sleep(10);
    }
  };
  return {
    lines,
    until,
    go: () => child.stdin.write("go\n"),
    kill: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      expect(errors).toBe("");
    },
  };
}

interface Moment {
  readonly kid: string;
  readonly iat: number;
  readonly exp: number;
  readonly before: number;
  readonly after: number;
  readonly set: readonly string[];
}

describe("Several processes with one key file", () => {
  it("agree on the first key when they start at once", async () => {
    const processes = Array.from({ length: 4 }, () => start("open"));
    await Promise.all(processes.map(({ until }) => until(1)));
    for (const { go } of processes) go();
    await Promise.all(processes.map(({ until }) => until(2)));
    const [kids, ...others] = processes.map(({ lines }) => lines[1]);
    expect(kids).toHaveLength(1);
    expect(others).toEqual([kids, kids, kids]);
    expect(readdirSync(folder)).toEqual(["usermeta.keys"]);
  });

  it("agree on the next key when they rotate at once, before it signs", async () => {
    let now = Date.now();
    const options = { rotateEvery: 1000, publishAhead: 100 };
    const issuers = await Promise.all(Array.from({ length: 4 }, () => open(options, () => now)));
    const all = <T>(ask: (from: SessionIssuer) => Promise<T>): Promise<T[]> => Promise.all(issuers.map(ask));
    const distinct = async <T>(ask: (from: SessionIssuer) => Promise<T>): Promise<number> =>
      new Set((await all(ask)).map((answer) => JSON.stringify(answer))).size;
    for (let rotation = 0; rotation < 5; rotation++) {
      now += 920_000;
      await all(kidsOf); // all find it due
      now += 30_000;
      expect(await distinct(kidsOf)).toBe(1); // and have looked again
      const waiting = (await kidsOf(issuers[0] as SessionIssuer)).at(-1);
      expect(new Set(await all(signerOf)).has(waiting)).toBe(false);
      now += 100_000;
      expect(new Set(await all(signerOf))).toEqual(new Set([waiting]));
    }
  });

  it("publish every key before anybody signs with it, and while its tokens live, in real time", {
    timeout: 240_000,
  }, async () => {
    const processes = Array.from({ length: 3 }, () => start("live"));
    await Promise.all(processes.map(({ until }) => until(1)));
    for (const { go } of processes) go();
    await Promise.all(processes.map(({ until }) => until(2)));
    await sleep(17_000);
    for (const { kill } of processes) await kill();

    const lives = processes.map(({ lines }) => lines.slice(1) as Moment[]);
    const moments = lives.flat();
    const kids = [...new Set(moments.map(({ kid }) => kid))];
    expect(kids.length).toBeGreaterThanOrEqual(3);
    for (const life of lives) {
      const signed = [...new Set(life.map(({ kid }) => kid))];
      expect(signed).toEqual(kids.slice(0, signed.length)); // the same, in the same order
      expect(signed.length).toBeGreaterThanOrEqual(kids.length - 1); // a slow one may have ended before the last change
    }

    // A token is good for whoever asks whichever process for the keys while it lives.
    const missing = moments.flatMap(({ kid, iat, exp }) =>
      moments.filter(
        ({ before, after, set }) => before >= (iat + 1) * 1000 && after < exp * 1000 && !set.includes(kid),
      ),
    );
    expect(missing).toEqual([]);
    // A verifier that fetched keys shortly before a change knew the new one already.
    for (const kid of kids.slice(1)) {
      const changed = Math.min(...moments.filter((one) => one.kid === kid).map(({ iat }) => iat * 1000));
      for (const life of lives)
        expect(life.findLast(({ after }) => after < changed)?.set, "the last set before the change").toContain(kid);
    }
    expect((await inside()).length).toBeLessThanOrEqual(4); // and old keys have left the file
  });

  it("leave a whole file behind when they are killed while they write", { timeout: 240_000 }, async () => {
    for (let round = 0; round < 6; round++) {
      const { until, go, kill, lines } = start("churn");
      await until(1);
      go();
      await until(2);
      await sleep(Math.random() * 400);
      await kill();
      expect(lines.length).toBeGreaterThan(1);
      const [first] = await inside();
      expect(first?.d).toMatch(/^[\w-]{43}$/);
      expect(await kidsOf(await open())).not.toHaveLength(0);
    }
  });
});
