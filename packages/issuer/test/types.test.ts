import type { Json, SessionIssuer, TokenUser } from "@usermeta/core";
import {
  type ClaimFunction,
  type Claims,
  type ClaimTemplate,
  fixedKeys,
  memoryKeys,
  type SigningKeys,
  sessionIssuer,
} from "@usermeta/issuer";
import { fileKeys } from "@usermeta/issuer/file";
import { describe, expectTypeOf, it } from "vitest";

const keys = memoryKeys();
const rest = { keys, issuer: "https://app.example", audience: "https://api.example" };

/** Never called: what is here is only compiled, and `@ts-expect-error` fails where the compiler finds nothing wrong. */
export async function compiled(): Promise<void> {
  sessionIssuer({
    ...rest,
    claims: { plan: "{{user.public_metadata.plan}}", org: { sub: "{{user.id}}" }, list: [1, null] },
  });
  // @ts-expect-error the issuer sets `sub`
  sessionIssuer({ ...rest, claims: { plan: "{{user.public_metadata.plan}}", sub: "{{user.id}}" } });
  // @ts-expect-error a Date is not JSON
  sessionIssuer({ ...rest, claims: { since: new Date() } });
  // @ts-expect-error there is no such option
  sessionIssuer({ ...rest, claim: {} });

  sessionIssuer({ ...rest, claims: ({ userId, public: { plan }, unsafe }) => ({ plan, unsafe, who: userId }) });
  sessionIssuer({ ...rest, claims: async ({ mv }) => ({ mine: mv }) });
  // @ts-expect-error the issuer sets `exp`
  sessionIssuer({ ...rest, claims: () => ({ exp: 1 }) });
  // @ts-expect-error private metadata is not handed to it
  sessionIssuer({ ...rest, claims: (user) => ({ secret: user.private }) });
  // @ts-expect-error a Map is not JSON
  sessionIssuer({ ...rest, claims: () => ({ map: new Map() }) });

  // @ts-expect-error an `await` is missing
  sessionIssuer({ ...rest, keys: fixedKeys([]) });
  await fileKeys("usermeta.keys", { passphrase: process.env["KEYS_PASSPHRASE"] });
  // @ts-expect-error the passphrase is missing
  await fileKeys("usermeta.keys", { algorithm: "ES256" });
  // @ts-expect-error signatures by a shared secret are no public keys
  memoryKeys({ algorithm: "HS256" });
}

describe("Types", () => {
  it("make an issuer of core", () => {
    expectTypeOf(sessionIssuer).returns.toEqualTypeOf<SessionIssuer>();
    expectTypeOf(fixedKeys).returns.resolves.toEqualTypeOf<SigningKeys>();
    expectTypeOf(keys).toEqualTypeOf<SigningKeys>();
  });

  it("give a function the user's metadata as JSON", () => {
    expectTypeOf<ClaimFunction>().parameters.toEqualTypeOf<[user: TokenUser]>();
    expectTypeOf<TokenUser["public"][string]>().toEqualTypeOf<Json>();
    expectTypeOf<ClaimFunction>().returns.toEqualTypeOf<Claims | Promise<Claims>>();
  });

  it("take any JSON object for a template, and none with a reserved name", () => {
    expectTypeOf<{ plan: string; nested: { exp: number } }>().toExtend<ClaimTemplate>();
    expectTypeOf<{ plan: string; exp: number }>().not.toExtend<ClaimTemplate>();
  });
});
