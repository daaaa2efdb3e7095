import { createHash, randomBytes } from "node:crypto";
import { UserMetaError } from "../errors.ts";
import type { Edit } from "./edit.ts";
import { stringify } from "./json.ts";
import type { PutResult, StoredChange } from "./store.ts";
import type { WriteOptions } from "./write-options.ts";

/** What a change is known by. */
export type Identity = Pick<StoredChange, "id" | "digest">;

/** A change's id and digest: random and of no matter, or both derived when an idempotency key is given. */
export function identify(edit: Edit, { idempotencyKey, actor = "server" }: WriteOptions): Identity {
  // Hexadecimal, because a command line takes what begins with a hyphen for an option.
  if (idempotencyKey === undefined) return { id: random(16).toString("hex"), digest: "" };
  return { id: hash([actor, idempotencyKey]), digest: hash([edit.kind, edit.request]) };
}

/** Random bytes, drawn many at a time: one call of `randomBytes` costs a write as much as its merge. */
export function random(bytes: number): Buffer {
  if (drawn === undefined || drawn.length < bytes) drawn = randomBytes(4096);
  const taken = drawn.subarray(0, bytes);
  drawn = drawn.subarray(bytes);
  return taken;
}
let drawn: Buffer | undefined; // not drawn here: Workers forbid it where modules are loaded

const hash = (value: unknown): string => createHash("sha256").update(stringify(value)).digest("base64url");

/** Whether the store knows the change already. Throws `idempotency_key_reused` when its id stood for another request. */
export function isSame(result: Exclude<PutResult, "unknown">, { digest }: Identity): boolean {
  if (typeof result === "string") return false;
  if (result.duplicate.digest === digest) return true;
  throw new UserMetaError("idempotency_key_reused", "the idempotency key was used for another request");
}
