// Clerk's Backend API as it is on the wire: what the SDK hides.
import { clerkRoutes } from "@usermeta/compat";
import { createUserMeta, jwtVerifier, memoryStore } from "@usermeta/core";
import { testVerifier } from "@usermeta/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keys, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld("memory");
});
afterAll(() => world.close());

interface Body {
  readonly errors?: readonly {
    readonly code: string;
    readonly message: string;
    readonly long_message: string;
    readonly meta: object;
  }[];
  readonly [member: string]: unknown;
}

async function ask(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${world.url}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${keys.clerk}`, "content-type": "application/json", ...headers },
    ...(body !== undefined && { body }),
  });
  return { status: response.status, type: response.headers.get("content-type"), body: (await response.json()) as Body };
}
const codeOf = ({ status, body }: Awaited<ReturnType<typeof ask>>) => [status, body.errors?.[0]?.code];
const user = "/users/user_1";

describe("The wire of Clerk's Backend API", () => {
  it("has exactly the content type that the SDK asks for, on errors too", async () => {
    expect((await ask("GET", user)).type).toBe("application/json");
    expect((await ask("GET", user, undefined, { authorization: "Bearer x" })).type).toBe("application/json");
    expect((await ask("PATCH", user, "{")).type).toBe("application/json");
  });

  it("shows every member that Clerk's schema of a user requires", async () => {
    const { body } = await ask("GET", user);
    const required =
      "id object username first_name last_name has_image primary_email_address_id primary_phone_number_id primary_web3_wallet_id " +
      "password_enabled two_factor_enabled totp_enabled backup_code_enabled email_addresses phone_numbers web3_wallets passkeys " +
      "external_accounts saml_accounts enterprise_accounts public_metadata external_id last_sign_in_at banned locked " +
      "lockout_expires_in_seconds verification_attempts_remaining created_at updated_at delete_self_enabled " +
      "create_organization_enabled last_active_at mfa_enabled_at mfa_disabled_at legal_accepted_at";
    for (const member of required.split(" ")) expect(body, member).toHaveProperty(member);
    expect(body).not.toHaveProperty("deleted");
    expect(body["object"]).toBe("user");
  });

  it.each([
    ["", [401, "authorization_header_format_invalid"]],
    [keys.clerk, [401, "authorization_header_format_invalid"]],
    [`Basic ${keys.clerk}`, [401, "authorization_header_format_invalid"]],
    ["Bearer sk_test_wrong", [401, "clerk_key_invalid"]],
    [`Bearer ${keys.clerk}x`, [401, "clerk_key_invalid"]],
    [`bearer ${keys.clerk}`, [200, undefined]],
  ])("answers the authorization %j with %j", async (authorization, expected) => {
    expect(codeOf(await ask("GET", user, undefined, { authorization }))).toEqual(expected);
  });

  it("takes metadata on the user itself up to the version that moved it", async () => {
    const body = '{"public_metadata":{"a":1}}';
    const version = (date: string) => ({ "clerk-api-version": date });
    for (const date of ["2025-04-10", "2025-11-10"])
      expect(codeOf(await ask("PATCH", user, body, version(date)))).toEqual([200, undefined]);
    expect(codeOf(await ask("PATCH", `${user}?__clerk_api_version=2025-11-10`, body))).toEqual([200, undefined]);
    expect(codeOf(await ask("PATCH", user, body, version("2026-05-12")))).toEqual([422, "form_param_unknown"]);
    expect(codeOf(await ask("PATCH", `${user}?__clerk_api_version=2026-05-12`, body))).toEqual([
      422,
      "form_param_unknown",
    ]);
    expect(codeOf(await ask("PATCH", `${user}?__clerk_api_version=2025-11-10`, body, version("2025-11-10")))).toEqual([
      400,
      "api_version_invalid",
    ]);
    expect(codeOf(await ask("PATCH", user, body, version("latest")))).toEqual([400, "api_version_invalid"]);
    expect(codeOf(await ask("GET", user, undefined, version("latest")))).toEqual([400, "api_version_invalid"]);
    for (const method of ["PATCH", "PUT"])
      expect(codeOf(await ask(method, `${user}/metadata`, body, version("2026-05-12")))).toEqual([200, undefined]);
  });

  it.each([
    ["PATCH", "[]", [400, "request_body_invalid"]],
    ["PATCH", "null", [400, "request_body_invalid"]],
    ["PATCH", '{"public_metadata":', [400, "request_body_invalid"]],
    ["PATCH", '{"public_metadata":{"a":1,"a":2}}', [400, "request_body_invalid"]],
    ["PATCH", '{"public_metadata":{"a":1e400}}', [400, "request_body_invalid"]],
    ["PATCH", '{"public_metadata":null}', [422, "form_param_value_invalid"]],
    ["PUT", '{"public_metadata":null}', [422, "form_param_value_invalid"]],
    ["PUT", '{"public_metadata":"text"}', [422, "form_param_value_invalid"]],
    ["PATCH", '{"public_metadata":{"a":"\\u0000"}}', [422, "form_param_value_invalid"]],
    ["PATCH", '{"__proto__":{"public_metadata":{}}}', [422, "form_param_unknown"]],
    ["PATCH", '{"public":{"a":1}}', [422, "form_param_unknown"]],
    ["PATCH", '{"public_metadata":{"ok":1},"constructor":{}}', [422, "form_param_unknown"]],
    ["PATCH", JSON.stringify({ public_metadata: { a: "x".repeat(2 ** 18) } }), [413, "request_body_too_large"]],
    ["POST", "{}", [405, "method_not_allowed"]],
  ])("refuses %s %s", async (method, body, expected) => {
    const before = await world.meta.get("user_refused");
    expect(codeOf(await ask(method, "/users/user_refused/metadata", body))).toEqual(expected);
    expect(await world.meta.get("user_refused")).toEqual(before);
  });

  it("refuses other media types, unless nothing is sent", async () => {
    const text = { "content-type": "text/plain" };
    expect(codeOf(await ask("PATCH", `${user}/metadata`, "{}", text))).toEqual([415, "unsupported_content_type"]);
    expect(codeOf(await ask("PATCH", `${user}/metadata`, undefined, text))).toEqual([200, undefined]);
  });

  it("shows errors in Clerk's shape", async () => {
    const { body } = await ask("PATCH", `${user}/metadata`, '{"shoe_size":43}');
    expect(body).toEqual({
      errors: [
        {
          code: "form_param_unknown",
          message: "is unknown",
          long_message: "shoe_size is not a valid parameter for this request.",
          meta: { param_name: "shoe_size" },
        },
      ],
    });
  });

  it("lists only users that are named", async () => {
    expect(codeOf(await ask("GET", "/users"))).toEqual([400, "malformed_request_parameters"]);
    expect(codeOf(await ask("GET", "/users?email_address=a"))).toEqual([422, "form_param_unknown"]);
    expect(codeOf(await ask("GET", "/users?user_id=a&limit=501"))).toEqual([422, "form_param_value_invalid"]);
    expect(codeOf(await ask("GET", "/users?user_id=%ff"))).toEqual([400, "malformed_request_parameters"]);
    expect((await ask("GET", "/users/count?user_id=a&user_id=b&user_id=a")).body).toEqual({
      object: "total_count",
      total_count: 2,
    });
  });

  it("finds users by whatever id they have", async () => {
    const id = "zoë/..%2f?#";
    const path = `/users/${encodeURIComponent(id)}`;
    await ask("PATCH", `${path}/metadata`, '{"public_metadata":{"a":1}}');
    expect((await world.meta.get(id)).public).toEqual({ a: 1 });
    expect((await ask("GET", path)).body["id"]).toBe(id);
    for (const wrong of ["%ff", "%20", "%07", "x".repeat(256)])
      expect(codeOf(await ask("GET", `/users/${wrong}`))).toEqual([404, "resource_not_found"]);
  });
});

it("Users that the application does not know are 404 on every route", async () => {
  const meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
  const routes = clerkRoutes(meta, { secretKey: keys.clerk, userExists: (userId) => userId === "user_1" });
  const asking = async (method: string, url: string) => {
    const headers = { authorization: `Bearer ${keys.clerk}`, "content-type": "application/json" };
    const answer = await routes.handle({ method, url: `/v1${url}`, headers, body: "{}" });
    return [answer?.status, JSON.parse(answer?.body as string) as unknown] as const;
  };
  const notFound = {
    errors: [
      { code: "resource_not_found", message: "not found", long_message: "No user was found with id user_2", meta: {} },
    ],
  };
  expect((await asking("GET", "/users/user_1"))[0]).toBe(200);
  for (const [method, path] of [
    ["GET", ""],
    ["PATCH", ""],
    ["DELETE", ""],
    ["PATCH", "/metadata"],
    ["PUT", "/metadata"],
  ] as const)
    expect(await asking(method, `/users/user_2${path}`)).toEqual([404, notFound]);
  expect(await asking("GET", "/users/count?user_id=user_1&user_id=user_2")).toEqual([
    200,
    { object: "total_count", total_count: 1 },
  ]);
});

it("A key, or the written-out lack of one, is required at start", async () => {
  const meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
  for (const options of [
    {},
    { secretKey: "" },
    { secretKey: "sk_test" },
    { secretKey: undefined },
    { secretKey: false, x: 1 },
    { secretKey: false, userExists: true },
  ])
    expect(() => clerkRoutes(meta, options as never), JSON.stringify(options)).toThrow(
      expect.objectContaining({ code: "invalid_config" }),
    );
});
