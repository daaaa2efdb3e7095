import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type JsonObject,
  jwtVerifier,
  type Schemas,
  type Scope,
  scopes,
  type UserMeta,
  UserMetaError,
} from "@usermeta/core";

/** What a check came to. */
export interface Finding {
  readonly check: string;
  /** `"warn"`: it works, and somebody should look. */
  readonly level: "ok" | "warn" | "fail";
  /** What was found, in words; user ids and places, never values. */
  readonly detail: string;
}

/** What the checks look at. */
export interface Patient {
  readonly meta: UserMeta;
  readonly schemas: Schemas;
  readonly indexes: readonly string[];
  /** Where session keys are published. */
  readonly jwks: string | undefined;
  /** The folder of the application's code. */
  readonly code: string;
  /** Users that are looked at. */
  readonly limit: number;
}

/** Every check, one after another, each told as soon as it is done. */
export async function* examine(patient: Patient): AsyncGenerator<Finding, void, undefined> {
  const reachable = await reach(patient);
  yield reachable;
  if (reachable.level === "ok") {
    const schema = await checkSchemaOf(patient);
    yield schema;
    if (schema.level === "ok") yield* look(patient);
  }
  yield await checkKeys(patient);
  yield* checkTrust(patient);
}

async function reach({ meta }: Patient): Promise<Finding> {
  const startedAt = performance.now();
  try {
    await meta.ping();
  } catch (error) {
    // A database without our tables answers all the same; the next check says what it lacks.
    if (!(error instanceof UserMetaError && error.code === "invalid_config")) return fail("store", error);
  }
  return ok("store", `answers in ${(performance.now() - startedAt).toFixed(1)} ms`);
}

async function checkSchemaOf({ meta, indexes }: Patient): Promise<Finding> {
  try {
    await meta.get("usermeta-doctor");
    return ok("schema", indexes.length === 0 ? "current; no indexes" : `current; indexes on ${indexes.join(", ")}`);
  } catch (error) {
    return fail("schema", error);
  }
}

/** The largest documents, as limits count them. */
const largestShown = 5;
/** Bytes of claims that fit beside the rest of a session token (Clerk's bound, for a cookie of 4 KB). */
const tokenBudget = 1_200;

/** One walk over the users for everything that is asked of each. */
async function* look({ meta, schemas, limit }: Patient): AsyncGenerator<Finding, void, undefined> {
  const { characters } = meta.records.limits;
  let users = 0;
  const sizes: [size: number, share: number, where: string][] = [];
  const heavy: string[] = [];
  const unfit: string[] = [];
  try {
    for await (const record of meta.list()) {
      if (users === limit) break;
      users++;
      for (const scope of scopes) {
        const document = record[scope] as JsonObject;
        const size = Array.from(JSON.stringify(document)).length; // code points, as limits count
        if (size > 2) keep(sizes, [size, size / characters[scope], `${record.userId} ${scope}`]);
        const at = size > 2 ? await misfit(schemas, scope, document) : undefined;
        if (at !== undefined) unfit.push(`${record.userId} at ${at}`);
      }
      const claims = Buffer.byteLength(JSON.stringify({ public: record.public, unsafe: record.unsafe }));
      if (claims > tokenBudget) heavy.push(record.userId);
    }
  } catch (error) {
    yield error instanceof UserMetaError && error.code === "not_supported"
      ? { check: "users", level: "warn", detail: "this store cannot list users, so their data was not looked at" }
      : fail("users", error);
    return;
  }
  yield ok("users", users === limit ? `the first ${users} were looked at` : `${users} were looked at`);
  const over = sizes.filter(([, share]) => share > 1).length;
  const text = sizes
    .map(([size, share, where]) => `${where}: ${size} characters, ${Math.round(share * 100)} %`)
    .join("; ");
  yield { check: "largest documents", level: over > 0 ? "warn" : "ok", detail: text === "" ? "none" : text };
  yield heavy.length === 0
    ? ok("token budget", `public and unsafe of every user fit into ${tokenBudget} bytes`)
    : {
        check: "token budget",
        level: "warn",
        detail: `public and unsafe of ${count(heavy, "user")} take more than ${tokenBudget} bytes, e.g. ${some(heavy)}: put only parts of them into tokens`,
      };
  yield unfit.length === 0
    ? ok("schemas", Object.keys(schemas).length === 0 ? "none is configured" : "every document satisfies its schema")
    : { check: "schemas", level: "fail", detail: `${count(unfit, "document")} against theirs: ${some(unfit)}` };
}

function keep(sizes: [number, number, string][], one: [number, number, string]): void {
  sizes.push(one);
  sizes.sort(([a], [b]) => b - a);
  sizes.length = Math.min(sizes.length, largestShown);
}

/** The place of the first issue. */
async function misfit(schemas: Schemas, scope: Scope, document: JsonObject): Promise<string | undefined> {
  const result = await schemas[scope]?.["~standard"].validate(structuredClone(document));
  const issue = result?.issues?.[0];
  if (issue === undefined) return undefined;
  return [scope, ...(issue.path ?? []).map((step) => String(typeof step === "object" ? step.key : step))].join(".");
}

/** A token that nobody signed: to refuse it, the verifier has to ask for the keys. */
async function checkKeys({ jwks }: Patient): Promise<Finding> {
  if (jwks === undefined) return ok("key set", "not checked: pass --jwks-url");
  try {
    const issuer = "urn:usermeta:doctor";
    const verify = jwtVerifier({ issuer, audience: false, jwks });
    const exp = Math.floor(Date.now() / 1000) + 60;
    const parts = [
      { alg: "RS256", kid: "usermeta-doctor" },
      { iss: issuer, sub: "doctor", exp },
    ].map(encode);
    await verify([...parts, encode({ signature: "none" })].join("."));
  } catch (error) {
    if (error instanceof UserMetaError && error.code === "invalid_token") return ok("key set", "answers");
    return fail("key set", error);
  }
  return { check: "key set", level: "fail", detail: "a token that nobody signed was accepted" };
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Where code or indexes go by what users write about themselves. */
function* checkTrust({ code, indexes }: Patient): Generator<Finding, void, undefined> {
  const places = [...sourceFiles(code)].flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line, i) => (/\ballowUntrusted\s*:\s*true\b/.test(line) ? [`${file}:${i + 1}`] : [])),
  );
  const searched = indexes.filter((index) => index.startsWith("unsafe."));
  if (places.length + searched.length === 0) return yield ok("trust", "no rule goes by what users write themselves");
  const found = [
    ...places.map((place) => `${place} has allowUntrusted`),
    ...searched.map((index) => `${index} is searched`),
  ];
  yield { check: "trust", level: "warn", detail: `users write unsafe themselves, and ${some(found)}` };
}

function* sourceFiles(folder: string): Generator<string, void, undefined> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.startsWith(".") || entry.name === "node_modules" || entry.name === "dist") continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (/\.[cm]?[jt]sx?$/.test(entry.name)) yield path;
  }
}

const count = ({ length }: readonly unknown[], noun: string): string => `${length} ${noun}${length === 1 ? "" : "s"}`;

const some = (items: readonly string[]): string =>
  items.length <= 5 ? items.join("; ") : `${items.slice(0, 5).join("; ")} and ${items.length - 5} more`;

const ok = (check: string, detail: string): Finding => ({ check, level: "ok", detail });

/** Only our own errors are findings; anything else is a bug. */
function fail(check: string, error: unknown): Finding {
  if (error instanceof UserMetaError) return { check, level: "fail", detail: `${error.message} (${error.code})` };
  throw error;
}
