import { createClerkClient } from "@clerk/backend";
import superTokens from "supertokens-node";
import recipe from "supertokens-node/recipe/usermetadata/index.js";
import { describe, expect, it } from "vitest";
import { serve, start } from "./served.ts";

const env = {
  USERMETA_ADMIN_KEY: "an-admin-key-of-at-least-32-characters",
  SUPERTOKENS_API_KEY: "a-supertokens-key-0123456789,another-supertokens-key-0123456789",
  CLERK_SECRET_KEY: "sk_test_0123456789abcdef",
  HANKO_API_KEY: "a-hanko-key-0123456789",
};
const all = ["--compat", "supertokens,clerk,hanko", "--store", "memory:"];
const bearer = (key: string): { authorization: string } => ({ authorization: `Bearer ${key}` });

describe("--compat", () => {
  it("serves three vendors' clients from one body of data, beside the native API", async () => {
    const { url, lines } = await serve(all, { env });
    superTokens.init({
      appInfo: { appName: "test", apiDomain: "https://api.example", websiteDomain: "https://app.example" },
      supertokens: { connectionURI: url, apiKey: "another-supertokens-key-0123456789" },
      recipeList: [recipe.init()],
    });
    const clerk = createClerkClient({ secretKey: env.CLERK_SECRET_KEY, apiUrl: url });
    const id = "5c2f3a0e-7a3c-4a44-9d55-0b8a3f1f2f10"; // Hanko's ids are UUIDs

    await recipe.updateUserMetadata(id, { theme: "dark" });
    await clerk.users.updateUserMetadata(id, { publicMetadata: { plan: "pro" } });
    await fetch(`${url}/users/${id}/metadata`, {
      method: "PATCH",
      headers: { ...bearer(env.HANKO_API_KEY), "content-type": "application/json" },
      body: JSON.stringify({ private_metadata: { credits: 3 } }),
    });

    const documents = { privateMetadata: { theme: "dark", credits: 3 }, publicMetadata: { plan: "pro" } };
    expect(await clerk.users.getUser(id)).toMatchObject(documents);
    expect((await recipe.getUserMetadata(id)).metadata).toEqual(documents.privateMetadata);
    const path = `${url}/admin/users/${id}`;
    const headers = bearer(env.USERMETA_ADMIN_KEY);
    const record = await fetch(`${path}/metadata`, { headers }).then((response) => response.json());
    expect(record).toMatchObject({ private: documents.privateMetadata, public: documents.publicMetadata, version: 3 });
    const history = await fetch(`${path}/history`, { headers });
    const { changes } = (await history.json()) as { changes: { actor: string }[] };
    expect(changes.map(({ actor }) => actor)).toEqual(["key:hanko", "key:clerk", "key:supertokens"]);
    expect(new Set(lines().map(({ ["api"]: api }) => api))).toEqual(
      new Set([undefined, "supertokens", "clerk", "hanko", "admin"]),
    );
  });

  it("asks each vendor's key, in the vendor's own words", async () => {
    const { url } = await serve(all, { env });
    const wrong = bearer("a-wrong-key-0123456789");
    const superTokensAnswer = await fetch(`${url}/recipe/user/metadata?userId=ada`, {
      headers: { "api-key": "wrong" },
    });
    expect([superTokensAnswer.status, await superTokensAnswer.text()]).toEqual([401, "Invalid API key\n"]);
    const clerkAnswer = await fetch(`${url}/v1/users/ada`, { headers: wrong });
    expect([clerkAnswer.status, await clerkAnswer.json()]).toMatchObject([401, { errors: [{}] }]);
    const hankoAnswer = await fetch(`${url}/users/5c2f3a0e-7a3c-4a44-9d55-0b8a3f1f2f10/metadata`, { headers: wrong });
    expect([hankoAnswer.status, await hankoAnswer.json()]).toMatchObject([401, { code: 401 }]);
  });

  it("refuses anything but loopback until all of the keys are there", async () => {
    const { USERMETA_ADMIN_KEY, CLERK_SECRET_KEY } = env;
    const some = { USERMETA_ADMIN_KEY, CLERK_SECRET_KEY };
    const { ended, printed } = start(["serve", "--port", "0", "--host", "0.0.0.0", ...all], { env: some });
    expect(await ended).toBe(2);
    expect(printed()).toContain("SUPERTOKENS_API_KEY and HANKO_API_KEY");
    const { line } = await serve(["--host", "0.0.0.0", ...all], { env });
    expect((await line("listening"))["apis"]).toEqual(["admin", "supertokens", "clerk", "hanko"]);
  });

  it("greets as SuperTokens' core does", async () => {
    const { url } = await serve(["--compat", "supertokens", "--store", "memory:"]);
    expect(await fetch(url).then((response) => response.text())).toBe("Hello\n");
  });
});

describe("--dev-apps", () => {
  const json = { "content-type": "application/json" };

  it("lets SuperTokens' own test suites create applications, each a namespace of the store", async () => {
    const { url, lines } = await serve(["--compat", "supertokens", "--dev-apps"]);
    const create = async (appId: string): Promise<unknown> => {
      const body = JSON.stringify({ appId, coreConfig: {} });
      return fetch(`${url}/recipe/multitenancy/app/v2`, { method: "PUT", headers: json, body }).then((response) =>
        response.json(),
      );
    };
    const put = async (prefix: string, theme: string): Promise<number> => {
      const body = JSON.stringify({ userId: "ada", metadataUpdate: { theme } });
      return (await fetch(`${url}${prefix}/recipe/user/metadata`, { method: "PUT", headers: json, body })).status;
    };
    const get = async (prefix: string): Promise<unknown> =>
      fetch(`${url}${prefix}/recipe/user/metadata?userId=ada`).then((response) => response.json());

    expect(await Promise.all([create("a1"), create("a1"), create("b2")])).toEqual([
      { status: "OK", createdNew: true },
      { status: "OK", createdNew: false },
      { status: "OK", createdNew: true },
    ]);
    expect([await put("/appid-a1", "dark"), await put("", "light"), await put("/appid-c3", "none")]).toEqual([
      200, 200, 400,
    ]);
    expect(await get("/appid-a1")).toMatchObject({ metadata: { theme: "dark" } });
    expect(await get("/appid-b2")).toMatchObject({ metadata: {} });
    expect(await get("")).toMatchObject({ metadata: { theme: "light" } });
    const routes = lines().flatMap(({ ["route"]: route }) => route ?? []);
    expect(new Set(routes)).toEqual(new Set(["/recipe/multitenancy/app/v2", "/recipe/user/metadata"]));
  });

  it("is off by default, and needs SuperTokens", async () => {
    const { url } = await serve(["--compat", "supertokens", "--store", "memory:"]);
    const answer = await fetch(`${url}/recipe/multitenancy/app/v2`, {
      method: "PUT",
      headers: json,
      body: '{"appId":"a"}',
    });
    expect(answer.status).toBe(404);
    const { ended, printed } = start(["serve", "--dev-apps", "--store", "memory:"]);
    expect([await ended, printed()]).toEqual([2, expect.stringContaining("--compat supertokens")]);
  });
});
