import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UserMetaError } from "../../src/errors.ts";
import { errorResponse } from "../../src/http.ts";
import { cookieValue, readCredentials } from "../../src/session/credentials.ts";
import { refusal } from "./tokens.ts";

const withHeader = (authorization: string, cookie = "s=c") => ({ headers: { authorization, cookie } });
const read = (request: Parameters<typeof readCredentials>[0]) => readCredentials(request, "s");

describe("a token in the Authorization header", () => {
  test.each(["Bearer t", "bearer t", "BEARER t", "BeArEr   t"])("is found in %j", (authorization) => {
    expect(read(withHeader(authorization))).toEqual({ token: "t", source: "header" });
  });

  test("is found in web Headers", () => {
    expect(read({ headers: new Headers({ authorization: "Bearer t" }) })).toEqual({ token: "t", source: "header" });
  });

  test.each(["", "Basic dXNlcjpwYXNz", "Token t", "DPoP t", "t", "Bearert", "Bearer.t t", "Bear er"])(
    "is not in %j, and the cookie does not count then",
    (authorization) => {
      expect(read(withHeader(authorization))).toBeUndefined();
    },
  );

  test.each(["Bearer", "Bearer ", "Bearer\tt", "Bearer: t", "Bearer=t", "Bearer\u00a0t", 'Bearer"t"', "Bearer,t"])(
    "is malformed in %j",
    async (authorization) => {
      await refusal(() => read(withHeader(authorization)), "invalid_token");
    },
  );

  test("is refused when there are two lines, with a challenge", async () => {
    const rawHeaders = ["Host", "x", "AUTHORIZATION", "Bearer a", "X-Authorization", "b", "Authorization", "Bearer b"];
    const error = await refusal(() => read({ ...withHeader("Bearer a"), rawHeaders }), "invalid_request");
    const { status, headers } = errorResponse(error);
    expect(status).toBe(400);
    expect(headers["www-authenticate"]).toMatch(/^Bearer realm="usermeta", error="invalid_request"/);
  });

  test("is refused alike where the runtime has joined two lines", async () => {
    const headers = new Headers([
      ["authorization", "Bearer a"],
      ["authorization", "Bearer b"],
    ]);
    await refusal(() => read({ headers }), "invalid_request");
  });

  test("is taken when it is the only line", () => {
    const rawHeaders = ["X-Authorization", "Bearer b", "Authorization", "Bearer t", "authorizatiom", "Bearer c"];
    expect(read({ ...withHeader("Bearer t"), rawHeaders })?.token).toBe("t");
  });
});

describe("a token in the cookie", () => {
  test("is found when there is no Authorization header", () => {
    expect(read({ headers: { cookie: "a=b; s=t; c=d" } })).toEqual({ token: "t", source: "cookie" });
  });

  test("is not looked for unless a cookie is configured", () => {
    expect(readCredentials({ headers: { cookie: "s=t" } }, undefined)).toBeUndefined();
  });

  test.each([
    ["s=t", "t"],
    [" s=t ;a=b", "t"],
    ["a=b;\ts=t\t", "t"],
    ["s=t; s=t", "t"],
    ["s=; s=t", "t"],
    ['s="t"', '"t"'],
    ["s=%74", "%74"],
    ["s=s=t", "s=t"],
    ["s=a=s=b", "a=s=b"],
    ["", undefined],
    ["s=", undefined],
    ["s", undefined],
    ["S=t", undefined],
    ["xs=t", undefined],
    ["a=s=t", undefined],
    ["a=%3B%20s%3Dt", undefined],
    ["a=b s=t", undefined],
  ])("is, of %j, %j", (cookies, value) => {
    expect(cookieValue(cookies, "s")).toBe(value);
  });

  test("is refused when another one was tossed in, whichever comes first", async () => {
    await refusal(() => cookieValue("s=a; s=b", "s"), "invalid_token");
    await refusal(() => cookieValue("s=b; x=y; s=a; s=b", "s"), "invalid_token");
  });

  test("is found as a plain parser finds it, whatever the header holds", () => {
    const piece = fc.constantFrom("s", "s=", "=", ";", "; ", " ", "\t", "a", "t", '"', "%3B", "s=t", "; s=t", "é");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        const cookies = pieces.join("");
        expect(outcome(() => cookieValue(cookies, "s"))).toEqual(outcome(() => plainCookieValue(cookies, "s")));
      }),
      { numRuns: 20_000 },
    );
  });

  test("is found in linear time", () => {
    for (const filler of ["s=", "; s", " ", "\t;", "s= ", "s=t;"]) {
      const started = performance.now();
      outcome(() => cookieValue(filler.repeat(100_000), "s"));
      expect(performance.now() - started).toBeLessThan(200);
    }
  });
});

const ows = /^[ \t]+|[ \t]+$/g;

/** The specification of `cookieValue`, without a thought for speed. */
function plainCookieValue(cookies: string, name: string): string | undefined {
  const pairs = cookies.split(";").map((pair) => pair.replace(ows, ""));
  const values = pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
  const distinct = new Set(values.filter((value) => value !== ""));
  if (distinct.size > 1) throw new UserMetaError("invalid_token", "");
  return [...distinct][0];
}

function outcome(find: () => string | undefined): unknown {
  try {
    return find();
  } catch (error) {
    return error instanceof UserMetaError ? error.code : error;
  }
}
