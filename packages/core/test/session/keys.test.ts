import { constants, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { jwtVerifier } from "../../src/session/jwt.ts";
import { audience, base64url, issuer, keys, mint, now, publicJwk, refusal } from "./tokens.ts";

const over = (set: object[], algorithms?: readonly string[]) =>
  jwtVerifier({ issuer, audience, keys: set, clock: () => now * 1000, ...(algorithms && { algorithms }) });
const withoutKid = mint({ header: { kid: undefined } });

describe("of a key set, a token is verified by", () => {
  test("the key that its kid names", async () => {
    const verify = over([publicJwk("evil"), publicJwk("rsa")]);
    expect((await verify(mint())).userId).toBe("user_1");
    expect((await verify(mint({ header: { kid: "evil" }, key: keys.evil.privateKey }))).userId).toBe("user_1");
    await refusal(() => verify(mint({ header: { kid: "evil" } })), "invalid_token");
  });

  test("the only key of the algorithm, if it has no kid", async () => {
    expect((await over([publicJwk("rsa"), publicJwk("ec")])(withoutKid)).userId).toBe("user_1");
    await refusal(() => over([publicJwk("rsa"), publicJwk("evil")])(withoutKid), "invalid_token");
  });

  test("the only key that names the algorithm, before those that merely fit it", async () => {
    expect((await over([publicJwk("evil"), publicJwk("rsa", { alg: "RS256" })])(withoutKid)).userId).toBe("user_1");
  });

  test("none, when two have its kid", async () => {
    await refusal(() => over([publicJwk("rsa"), publicJwk("evil", { kid: "rsa" })])(mint()), "invalid_token");
  });

  test("the one of the right type, when two types share a kid", async () => {
    expect((await over([publicJwk("ec", { kid: "rsa" }), publicJwk("rsa")])(mint())).userId).toBe("user_1");
  });

  test.each([
    ["for encryption", { use: "enc" }],
    ["of a use that is no text", { use: ["sig"] }],
    ["whose operations lack verify", { key_ops: ["encrypt"] }],
    ["whose operations are no list", { key_ops: "verify" }],
    ["of another algorithm", { alg: "RS512" }],
    ["whose alg is null", { alg: null }],
    ["whose kid is a number", { kid: 1 }],
    ["that is too short", publicJwk("small")],
  ])("no key %s", async (_, members) => {
    const verify = over([publicJwk("ec"), publicJwk("rsa", { kid: "rsa", ...members })]);
    await refusal(() => verify(mint()), "invalid_token");
  });

  test.each([{ use: "sig" }, { key_ops: ["verify"] }, { alg: "RS256" }, { x5c: ["x"], ext: "?", oth: [] }])(
    "a key with %j",
    async (members) => {
      expect((await over([publicJwk("rsa", members)])(mint())).userId).toBe("user_1");
    },
  );

  test("no key that turns out to be none", async () => {
    const offCurve = publicJwk("ec", { x: base64url(Buffer.alloc(32, 1)) });
    const token = mint({ header: { alg: "ES256", kid: "ec" }, key: keys.ec.privateKey });
    await refusal(() => over([offCurve])(token), "invalid_token");
  });
});

test("a key that names no algorithm serves the first that fits, not the token's choice", async () => {
  const verify = over([publicJwk("rsa")], ["RS256", "PS256"]);
  const text = `${base64url('{"alg":"PS256","kid":"rsa"}')}.${mint().split(".")[1]}`;
  const pss = sign("sha256", Buffer.from(text), {
    key: keys.rsa.privateKey,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: 32,
  });
  const token = `${text}.${base64url(pss)}`;
  await refusal(() => verify(token), "invalid_token");
  expect((await over([publicJwk("rsa", { alg: "PS256" })], ["RS256", "PS256"])(token)).userId).toBe("user_1");
});
