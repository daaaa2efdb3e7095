import { createPublicKey, type JsonWebKey, randomBytes, verify } from "node:crypto";
import { jwtVerifier } from "@usermeta/core";
import { createVerifier } from "fast-jwt";
import { createLocalJWKSet, importJWK, jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { type Issuer, startIssuer } from "./http/issuer.ts";
import type { Algorithm } from "./http/setup.ts";
import { type Contender, measure, type Operation, type Sample } from "./measurement.ts";
import type { Part } from "./part.ts";
import { quantile, spread } from "./statistics.ts";
import { table } from "./table.ts";

const legend = `One verification of a token of 1 KB without a framework: microseconds of CPU, all threads, and in bold the
ratio to jose's \`jwtVerify\` with issuer, audience and algorithm checked, in the same rounds: below 1 is cheaper. Medians of
alternating rounds with the lowest and the highest. \`crypto.verify\` checks the bare signature, and holds the event loop meanwhile.`;

/** One verification, cold and warm, and one refusal, beside other libraries. */
export const verification: Part = async function* (settings, report) {
  yield `## Verification\n\n${legend}`;
  const issuer = await startIssuer();
  const goals: string[][] = [];
  try {
    for (const algorithm of ["RS256", "ES256"] as const) {
      const contenders = await toContenders(issuer, algorithm, Math.min(settings.tokens, 2_000));
      const samples = await measure(contenders, settings, (n) =>
        report(`${algorithm}: ${n === 0 ? "warming up" : `round ${n} of ${settings.rounds}`}`),
      );
      const cpu = (name: string): readonly number[] =>
        [...samples].find(([contender]) => contender.name === name)?.[1].map((sample: Sample) => sample.cpu) ?? [];
      const rows = contenders.map(({ name }) => {
        const base = cpu(
          refusals.find((refusal) => name.endsWith(`: ${refusal}`)) === undefined ? "jose" : `jose: ${kind(name)}`,
        );
        return [name, spread(cpu(name)), `**${spread(ratios(cpu(name), base))}**`];
      });
      yield `### ${algorithm}\n\n${table(["", "µs", "/ jose"], rows)}`;
      const least = algorithm === "RS256" ? 12 : 35;
      const wanted: readonly (readonly [text: string, values: readonly number[], goal: number, isLeast: boolean])[] = [
        ["cold / jose", ratios(cpu("usermeta, cold"), cpu("jose")), 1.15, false],
        ["crypto.verify / warm", ratios(cpu("crypto.verify"), cpu("usermeta, warm")), least, true],
        ...(["garbage", "expired", "unknown kid"] as const).map(
          (refusal) =>
            [
              `jose / usermeta: ${refusal}`,
              ratios(cpu(`jose: ${refusal}`), cpu(`usermeta: ${refusal}`)),
              20,
              true,
            ] as const,
        ),
        ["garbage refused / warm", ratios(cpu("usermeta: garbage"), cpu("usermeta, warm")), 1, false],
      ];
      for (const [text, values, goal, isLeast] of wanted) {
        const median = quantile(values, 0.5);
        const isMet = isLeast ? median >= goal : median <= goal;
        goals.push([`${algorithm}: ${text}`, `${isLeast ? "≥" : "≤"} ${goal}`, spread(values), isMet ? "yes" : "no"]);
      }
    }
  } finally {
    await issuer.close();
  }
  yield `### Goals\n\n${table(["", "goal", "measured", "met"], goals)}`;
};

const refusals = ["garbage", "garbage behind a good header", "expired", "unknown kid", "wrong signature"] as const;
const kind = (name: string): string => name.slice(name.indexOf(": ") + 2);
const ratios = (a: readonly number[], b: readonly number[]): readonly number[] =>
  a.map((value, i) => value / (b[i] ?? Number.NaN));

/** Gives the tokens in turn, each time as a new string, as they come from a socket. */
function fresh(tokens: readonly string[]): () => string {
  const bytes = tokens.map((token) => Buffer.from(token));
  let at = 0;
  return () => (bytes[at++ % bytes.length] as Buffer).toString("latin1");
}

async function toContenders(issuer: Issuer, algorithm: Algorithm, count: number): Promise<readonly Contender[]> {
  const setup = issuer.setup(algorithm);
  const { audience, jwk, pem } = setup;
  const rules = { issuer: setup.issuer, audience, algorithms: [algorithm] };
  const good = Array.from({ length: count }, (_, i) => issuer.mint(algorithm, i));
  const bad: Readonly<Record<(typeof refusals)[number], readonly string[]>> = {
    garbage: good
      .slice(0, 100)
      .map(() => [60, 500, 256].map((size) => randomBytes(size).toString("base64url")).join(".")),
    "garbage behind a good header": good.slice(0, 100).map((token) => {
      const [header, claims = "", signature] = token.split(".");
      return [header, randomBytes(claims.length / 2).toString("base64url"), signature].join(".");
    }),
    expired: good.slice(0, 100).map((_, i) => issuer.mint(algorithm, i, { claims: { exp: 1_000_000_000 } })),
    "unknown kid": good.slice(0, 100).map((_, i) => issuer.mint(algorithm, i, { header: { kid: "d-none" } })),
    "wrong signature": good.slice(0, 100).map((token) => `${token.slice(0, -40)}${"A".repeat(40)}`),
  };
  const key = await importJWK(jwk, algorithm);
  const object = createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
  const keySet = createLocalJWKSet({ keys: [jwk] });

  const warm = jwtVerifier({ ...rules, jwks: { keys: [jwk] } });
  const cold = jwtVerifier({ ...rules, jwks: { keys: [jwk] }, cache: false });
  for (const token of good) await warm(token);
  // Each is refused for the first time here: what was found expired is remembered as that.
  for (const tokens of Object.values(bad)) for (const token of tokens) await refused(() => warm(token));

  const options = { key: pem, algorithms: [algorithm], allowedIss: setup.issuer, allowedAud: audience };
  const [fast, fastCached] = [createVerifier(options), createVerifier({ ...options, cache: 20_000 })];
  const accept = (name: string, run: (token: string) => unknown, tokens = good): Contender => {
    const next = fresh(tokens);
    return { name, clients: 1, run: async () => ((await run(next())) ? 1 : 0) };
  };
  const refuse = (name: string, run: (token: string) => unknown, tokens: readonly string[]): Contender => {
    const next = fresh(tokens);
    const operation: Operation = () => refused(() => run(next()));
    return { name, clients: 1, run: operation };
  };
  const byJose = (token: string) => jwtVerify(token, key, rules);
  const byJoseWithKeySet = (token: string) => jwtVerify(token, keySet, rules);
  return [
    accept("jose", byJose),
    accept("usermeta, cold", cold),
    accept("jsonwebtoken", (token) => jsonwebtoken.verify(token, object, rules)),
    accept("fast-jwt", fast),
    accept("crypto.verify", (token) => {
      const dot = token.lastIndexOf(".");
      const signature = Buffer.from(token.slice(dot + 1), "base64url");
      return verify("sha256", Buffer.from(token.slice(0, dot)), { key: object, dsaEncoding: "ieee-p1363" }, signature);
    }),
    accept("usermeta, warm", warm),
    accept("fast-jwt, cache: 20000, warm", fastCached),
    ...refusals.flatMap((refusal) => [
      refuse(`jose: ${refusal}`, refusal === "unknown kid" ? byJoseWithKeySet : byJose, bad[refusal]),
      refuse(`usermeta: ${refusal}`, warm, bad[refusal]),
    ]),
  ];
}

/** 1 when a token is refused; throws when it is not. */
async function refused(run: () => unknown): Promise<number> {
  try {
    await run();
  } catch {
    return 1;
  }
  throw new Error("a bad token was accepted");
}
