import type { Json, JsonObject } from "@usermeta/core";
import { type ClaimTemplate, memoryKeys, sessionIssuer } from "@usermeta/issuer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { audience, claimsOf, issuer, refusal } from "./samples.ts";

const keys = memoryKeys();
const standard = ["iss", "aud", "sub", "mv", "iat", "exp"];

interface Scopes {
  readonly public?: JsonObject;
  readonly unsafe?: JsonObject;
}

/** What a template makes of a user's metadata, by way of a verified token. */
async function render(claims: ClaimTemplate, user: Scopes & { readonly userId?: string } = {}): Promise<JsonObject> {
  const payload = await claimsOf(sessionIssuer({ keys, issuer, audience, claims, budget: 4096 }), user);
  return Object.fromEntries(Object.entries(payload).filter(([name]) => !standard.includes(name)));
}
const value = async (text: Json, user: Scopes = {}): Promise<unknown> => (await render({ it: text }, user))["it"];
const start = (claims: unknown): Promise<string> =>
  refusal(() => sessionIssuer({ keys, issuer, audience, claims: claims as ClaimTemplate }));

describe("A claim template", () => {
  it("answers Clerk's complete example as Clerk documents it, with null for what usermeta does not keep", async () => {
    const template = {
      version: 1,
      foo: { bar: [1, 2, 3] },
      user_id: "{{user.id}}",
      avatar: "{{user.image_url}}",
      full_name: "{{user.last_name}} {{user.first_name}} ",
      email: "{{user.primary_email_address}}",
      phone: "{{user.primary_phone_address}}",
      registration_date: "{{user.created_at}}",
      likes_to_do: "{{user.public_metadata.profile.interests}}",
      unsafe_meta: "{{user.unsafe_metadata}}",
      invalid_shortcode: "{{user.i_dont_exist}}",
    };
    const maria = {
      userId: "user_abcdef123456789",
      public: { profile: { interests: ["reading", "climbing"] } },
      unsafe: { foo: { bar: 42 } },
    };
    expect(await render(template, maria)).toEqual({
      version: 1,
      foo: { bar: [1, 2, 3] },
      user_id: "user_abcdef123456789",
      avatar: null,
      full_name: "null null ",
      email: null,
      phone: null,
      registration_date: null,
      likes_to_do: ["reading", "climbing"],
      unsafe_meta: { foo: { bar: 42 } },
      invalid_shortcode: null,
    });
  });

  it("takes a key with spaces around it, and follows dots into objects", async () => {
    const user = { public: { addresses: { Home: "2355 Pointe Lane, 56301 Minnesota" } } };
    expect(await value("{{ user.public_metadata.addresses.Home }}", user)).toBe("2355 Pointe Lane, 56301 Minnesota");
  });

  it.for<[type: string, data: Json]>([
    ["an object", { a: [1, { b: null }] }],
    ["an array", [1, "2", null]],
    ["a text", "{{user.id}}"],
    ["an empty text", ""],
    ["zero", 0],
    ["a number", -1.5],
    ["true", true],
    ["false", false],
    ["null", null],
  ])("keeps %s as it is when the shortcode is the whole text", async ([, data]) => {
    expect(await value("{{user.public_metadata.data}}", { public: { data } })).toEqual(data);
    expect(await value(["{{user.unsafe_metadata.data}}"], { unsafe: { data } })).toEqual([data]);
  });

  it.for<[template: string, expected: string]>([
    ["{{user.public_metadata.name}} Doe", "Ada Doe"],
    ["{{user.public_metadata.nobody}} Doe", "null Doe"],
    [" {{user.public_metadata.age}}", " 36"],
    ["{{user.public_metadata.age}}{{user.public_metadata.flag}}", "36false"],
    ["{{user.public_metadata.list}}!", '[1,{"a":"x"}]!'],
    ["Hello {{user.public_metadata.nick || 'you'}} and {{user.id}}", "Hello you and ada"],
  ])("writes values into a longer text: %s", async ([template, expected]) => {
    const open = { name: "Ada", age: 36, flag: false, list: [1, { a: "x" }] };
    expect(await value(template, { public: open })).toBe(expected);
  });

  it.for<[template: string, expected: Json]>([
    ["{{user.public_metadata.none || 'free'}}", "free"],
    ["{{user.public_metadata.no || 'free'}}", "free"],
    ["{{user.public_metadata.zero || 'free'}}", 0],
    ["{{user.public_metadata.empty || 'free'}}", ""],
    ["{{user.public_metadata.none || user.public_metadata.plan || 'free'}}", "pro"],
    ["{{user.public_metadata.none||30}}", 30],
    ["{{user.public_metadata.none || -0.5 }}", -0.5],
    ["{{user.public_metadata.none || true}}", true],
    ["{{user.public_metadata.none || user.public_metadata.no}}", false],
    ["{{user.public_metadata.no || user.public_metadata.none}}", null],
    ["{{user.public_metadata.none || 'a || b }} {{ c'}}", "a || b }} {{ c"],
    ["{{'{{user.id}}'}}", "{{user.id}}"],
  ])("falls back from null and false, and else to the last operand: %s", async ([template, expected]) => {
    const open = { no: false, zero: 0, empty: "", plan: "pro" };
    expect(await value(template, { public: open })).toEqual(expected);
  });

  it.for(["{{user.name}}", "{{org.id}}", "{{session.actor}}", "{{user.id.x}}", "{{user.constructor.name}}"])(
    "makes null of %s, which does not exist",
    async (template) => {
      expect(await value(template)).toBeNull();
    },
  );

  it.for([
    "__proto__",
    "constructor",
    "toString",
    "list.length",
    "list.0",
    "text.length",
    "text.0",
    "a.b.c",
    "deep..x",
  ])("reads own members of objects only: public_metadata.%s is null", async (path) => {
    expect(
      await value(`{{user.public_metadata.${path}}}`, { public: { list: [1], text: "x", a: { b: 1 } } }),
    ).toBeNull();
  });

  it("reads an own member that is called like an inherited one", async () => {
    const open = JSON.parse('{"constructor":"mine","__proto__":{"a":1}}') as JsonObject;
    expect(await value("{{user.public_metadata.constructor}}", { public: open })).toBe("mine");
    expect(await value("{{user.public_metadata.__proto__.a}}", { public: open })).toBe(1);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  it.for<[claims: unknown, message: RegExp]>([
    [{ a: "{{user.id" }, /^invalid_config: "\{\{" in claims\.a begins no shortcode/],
    [{ a: ["x", "{{}}"] }, /^invalid_config: "\{\{" in claims\.a\.1 begins no shortcode/],
    [{ a: { b: "{{user.id ||}}" } }, /^invalid_config: "\{\{" in claims\.a\.b begins no shortcode/],
    [{ a: "{{user.id | 'x'}}" }, /begins no shortcode/],
    [{ a: "{{user.id || 'x}}" }, /begins no shortcode/],
    [
      { a: "{{user.public_metadata.plan || free}}" },
      /^invalid_config: free in claims\.a is no shortcode; put text in single/,
    ],
    [{ a: "{{user}}" }, /is no shortcode/],
    [{ a: "{{user.id || 12345678901234567890}}" }, /is no shortcode/],
    [{ a: "{{user.id || 1.50}}" }, /is no shortcode/],
    [{ a: "{{user.id || 1e400}}" }, /is no shortcode/],
    [{ a: "{{user.id || Infinity}}" }, /is no shortcode/],
    [{ a: "{{user.id || NaN}}" }, /is no shortcode/],
    [{ a: "{{user.private_metadata.stripe}}" }, /^invalid_config: claims\.a names private metadata/],
    [{ a: { b: ["{{user.id || user.private_metadata}}"] } }, /^invalid_config: claims\.a\.b\.0 names private metadata/],
    [{ scope: "{{user.unsafe_metadata.scope}}" }, /^invalid_config: the claim `scope` opens guarded routes/],
    [{ scope: { a: "x {{ user.id||user.unsafe_metadata }}" } }, /^invalid_config: the claim `scope`/],
    [JSON.parse('{"__proto__":{"sub":"eve"}}'), /^invalid_config: `claims` must be JSON/],
    [[], /^invalid_config: `claims` must be an object/],
    ["{{user.public_metadata}}", /^invalid_config: `claims` must be an object/],
    [null, /^invalid_config: `claims` must be an object/],
    [new Map(), /^invalid_config: `claims` must be an object/],
    [{ a: Number.NaN }, /^invalid_config: `claims` must be JSON/],
    [{ a: new Date() }, /^invalid_config: `claims` must be JSON/],
    [{ a: { b: () => "x" } }, /^invalid_config: `claims` must be JSON/],
  ])("is refused at start: %j", async ([claims, message]) => {
    expect(await start(claims)).toMatch(message);
  });

  it.for(
    "iss sub aud exp nbf iat jti sid mv azp nonce auth_time acr amr events cnf act may_act v fva pla fea sts o".split(
      " ",
    ),
  )("may not set `%s`, and may hold it further inside", async (name) => {
    expect(await start({ [name]: 1 })).toBe(
      `invalid_config: the claim \`${name}\` is reserved: the issuer sets it, or nobody does`,
    );
    expect(await render({ inside: { [name]: "{{user.id}}" } })).toEqual({ inside: { [name]: "ada" } });
  });

  it("may take `scope` from public metadata", async () => {
    expect(await render({ scope: "{{user.public_metadata.scope || 'read'}}" })).toEqual({ scope: "read" });
  });

  it("is read once: what becomes of the object later does not matter", async () => {
    const template = { plan: "{{user.public_metadata.plan}}" };
    const from = sessionIssuer({ keys, issuer, audience, claims: template });
    Object.assign(template, { sub: "eve", plan: "gold" });
    expect(await claimsOf(from, { public: { plan: "pro" } })).toMatchObject({ sub: "ada", plan: "pro" });
  });
});

// Anything a user can have in a document: JSON with keys and texts that look like the template language and like traps.
const traps = [
  "{{user.id}}",
  "{{user.private_metadata}}",
  "{{",
  "}}",
  "||",
  "'",
  "__proto__",
  "constructor",
  "sub",
  "exp",
];
const text = fc.oneof(fc.constantFrom(...traps), fc.string({ unit: "grapheme", maxLength: 8 }));
const json = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(null, true, false, 0, -1.5, 1e21),
    text,
    fc.array(tie("node"), { maxLength: 3 }),
    fc.array(fc.tuple(text, tie("node")), { maxLength: 3 }).map((members): Json => Object.fromEntries(members)),
  ),
})).node;
const documents = fc
  .array(fc.tuple(text, json), { maxLength: 3 })
  .map((members): JsonObject => Object.fromEntries(members));

const path = fc.array(fc.constantFrom("plan", "a", "sub", "__proto__", "constructor", "0"), { maxLength: 3 });
const operand = fc.oneof(
  fc
    .tuple(fc.constantFrom("user.public_metadata", "user.unsafe_metadata", "user.nothing"), path)
    .map((parts) => parts.flat().join(".")),
  fc.constantFrom("user.id", "'text'", "30", "true", "false", "org.id"),
);
const expression = fc.array(operand, { minLength: 1, maxLength: 3 }).map((operands) => `{{${operands.join(" || ")}}}`);
const templateText = fc.oneof(
  expression,
  fc.tuple(fc.constantFrom("", "x ", "}} "), expression, fc.constantFrom("", " y")).map((parts) => parts.join("")),
);
const template = fc.dictionary(
  fc.constantFrom("plan", "name", "https://app.example/role", "hasOwnProperty", "toJSON"),
  fc.oneof(
    templateText,
    fc.array(templateText, { maxLength: 2 }),
    fc.record({ sub: templateText, exp: fc.constant(1) }),
  ),
);

describe("Any template and any metadata", () => {
  it("make claims that are the issuer's where they are reserved, and the template's otherwise", async () => {
    await fc.assert(
      fc.asyncProperty(template, documents, documents, async (claims, open, unsafe) => {
        const payload = await claimsOf(sessionIssuer({ keys, issuer, audience, claims, budget: 4096 }), {
          userId: "ada",
          public: open,
          unsafe,
        });
        expect(Object.keys(payload).sort()).toEqual([...Object.keys(claims), ...standard].sort());
        expect([payload["sub"], payload["iss"], payload["aud"]]).toEqual(["ada", issuer, audience]);
      }),
      { numRuns: 300 },
    );
  });

  it("never expand what stands in metadata: a whole scope comes out as it went in", async () => {
    await fc.assert(
      fc.asyncProperty(documents, documents, async (open, unsafe) => {
        const claims = { open: "{{user.public_metadata}}", unsafe: "{{ user.unsafe_metadata }}" };
        const rendered = await render(claims, { public: open, unsafe });
        expect(JSON.stringify(rendered)).toBe(JSON.stringify({ open, unsafe }));
      }),
      { numRuns: 300 },
    );
  });

  it("never show what is private, even when it is handed in by mistake", async () => {
    await fc.assert(
      fc.asyncProperty(template, documents, async (claims, unsafe) => {
        const user = { public: {}, unsafe, private: { secret: "8d2f0c" } };
        expect(JSON.stringify(await render(claims, user))).not.toContain("8d2f0c");
      }),
      { numRuns: 300 },
    );
  });
});
