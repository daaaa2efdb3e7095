import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { jwtVerifier, UserMetaError } from "@usermeta/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HostProcess, startHost } from "./host-process.ts";
import type { JwtBuild, JwtCase } from "./jwt-case.ts";
import { faultyOptions, mendedOptions } from "./jwt-config.ts";
import { adminKey, hostOptions, profiles } from "./jwt-profiles.ts";
import { startKeyServer } from "./key-server.ts";
import { runKeySetCase } from "./key-set-cases.ts";
import { outboundNotice } from "./outbound-notice.ts";
import { exchange } from "./socket.ts";
import { bindings } from "./stores.ts";
import { describeVectors, Tally, vectorUrl } from "./vectors.ts";

describeVectors<JwtCase>("jwt vectors", "jwt_cases.json", (cases) => {
  const blackBox = cases.filter(({ build, group }) => build !== undefined && group !== "config");

  describe.each(bindings)("on %s", (binding) => {
    it("the official runner passes every case", async () => {
      const result = await runOfficially(binding);
      expect(result).toMatchObject({ failed: [], acceptedWrongly: [], crashed: [], cases: blackBox.length });
      expect(result.passed).toBe(result.cases);
      console.log(
        `jwt vectors, official runner, ${binding}: ${result.cases} cases, ${result.passed} passed, ${result.preferred} preferred`,
      );
    }, 180_000);

    describeWhatTheRunnerLeavesOut(binding, blackBox);
  });

  const tally = new Tally("jwt vectors, in process");
  afterAll(() => tally.print());
  for (const { id, group, config = {} } of cases.filter((one) => one.group === "config"))
    it(`config: ${id}`, () =>
      tally.run(group, id, async () => {
        expect(() => jwtVerifier(faultyOptions(config))).toThrow(UserMetaError);
        expect(() => jwtVerifier(faultyOptions(config))).toThrow(expect.objectContaining({ code: "invalid_config" }));
        expect(jwtVerifier(mendedOptions(config))).toEqual(expect.any(Function));
        return true;
      }));

  for (const testCase of cases.filter((one) => one.group === "jwks"))
    it(`jwks: ${testCase.id}`, () => tally.run(testCase.group, testCase.id, () => runKeySetCase(testCase)));

  it("every case has a runner", () => {
    const run = blackBox.length + cases.filter(({ group }) => group === "config" || group === "jwks").length;
    expect(run).toBe(cases.length);
    expect(blackBox.filter(({ profile = "" }) => !profiles.includes(profile))).toEqual([]);
  });
});

interface RunnerResult {
  readonly cases: number;
  readonly passed: number;
  readonly preferred: number;
}

/** Runs `jwt-run.mjs` in a process of its own, and reads the result it writes. */
async function runOfficially(binding: string): Promise<RunnerResult> {
  const folder = mkdtempSync(join(tmpdir(), "usermeta-jwt-"));
  const out = join(folder, "result.json");
  const target = fileURLToPath(new URL("./jwt-target.ts", import.meta.url));
  const args = [fileURLToPath(vectorUrl("jwt-run.mjs")), target, "--quiet", `--out=${out}`];
  try {
    const said = await new Promise<string>((resolve) =>
      execFile(
        process.execPath,
        args,
        { env: { ...process.env, USERMETA_BINDING: binding } },
        (_error, stdout, stderr) => resolve(`${stdout}\n${stderr}`),
      ),
    );
    try {
      return JSON.parse(readFileSync(out, "utf8")) as RunnerResult;
    } catch (cause) {
      throw new Error(`the runner left no result:\n${said}`, { cause });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Content type and challenge of errors, connections to elsewhere, and writes. */
function describeWhatTheRunnerLeavesOut(binding: string, cases: readonly JwtCase[]): void {
  const tally = new Tally(`jwt vectors, what the runner leaves out, ${binding}`);
  const hosts = new Map<string, HostProcess>();
  let built: JwtBuild | undefined;
  beforeAll(async () => {
    const build = (await import(vectorUrl("jwt-build.mjs").href)) as JwtBuild;
    built = build;
    const started = await Promise.all(profiles.map((profile) => startHost(binding, hostOptions(profile, build))));
    for (const [at, host] of started.entries()) hosts.set(profiles[at] as string, host);
  });
  afterAll(async () => {
    await Promise.all([...hosts.values()].map(({ close }) => close()));
    tally.print();
  });

  for (const testCase of cases)
    it(`${testCase.group}: ${testCase.id}`, () =>
      tally.run(testCase.group, testCase.id, async () => {
        const { expect: wanted, profile = "" } = testCase;
        const host = hosts.get(profile) ?? expect.unreachable(`no host for the profile ${profile}`);
        const { bytes, token } = (built as JwtBuild).requestBytes(testCase);
        const before = wanted.noWrite ? await stored(host) : undefined;
        const said = host.output().length;
        const { status, headers, body } = await exchange(host.port, [bytes]);

        expect([wanted.status, ...(wanted.alsoOk ?? [])], body).toContain(status);
        // The runtime answers what it cannot parse as HTTP itself, and a path that is no route is the application's.
        const isOurs =
          headers.get("x-content-type-options") === "nosniff" && headers.get("cache-control") === "no-store";
        if (status >= 401) expect(isOurs || [404, 405, 431].includes(status), "an answer of usermeta's own").toBe(true);
        if (isOurs && status >= 400 && status !== 431) {
          expect(headers.get("content-type")).toBe("application/problem+json");
          if (testCase.request?.method !== "HEAD") expect(JSON.parse(body)).toMatchObject({ status });
        }
        if (status === 401)
          expect(headers.get("www-authenticate")).toMatch(new RegExp(`^${wanted.wwwAuthenticate ?? "Bearer"}\\b`));
        if (token.length > 20)
          expect([...headers.values()].join(), "a header that repeats the token").not.toContain(token);
        if (wanted.noWrite) expect(await stored(host)).toBe(before);
        if (wanted.noOutbound) {
          await sleep(50); // what a host writes arrives on another way than what it answers
          expect(host.output().slice(said)).not.toContain(outboundNotice);
        }
        return status === wanted.status;
      }));

  it("a connection to elsewhere would be seen", async () => {
    const build = built as JwtBuild;
    const issuer = await startKeyServer((response) => response.end(JSON.stringify(build.JWKS)));
    const host = await startHost(binding, hostOptions("jwks", build, issuer.url));
    try {
      const headers = [["Authorization", `Bearer ${build.token()}`]] as const;
      expect(await host.send({ method: "GET", path: "/me/metadata", headers })).toMatchObject({ status: 200 });
      await sleep(50);
      expect(host.output()).toContain(outboundNotice);
    } finally {
      await host.close();
      issuer.close();
    }
  });
}

/** Everything a host has stored, as text. */
async function stored(host: HostProcess): Promise<string> {
  const headers = [["Authorization", `Bearer ${adminKey}`]] as const;
  const answer = await host.send({ method: "GET", path: "/admin/users?limit=500", headers });
  expect(answer.status, answer.body).toBe(200);
  return answer.body;
}
