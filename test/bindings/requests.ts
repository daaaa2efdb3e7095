import { gzipSync } from "node:zlib";

/** One request as bytes on the wire. `as`: whose credentials it carries. */
export interface OddRequest {
  readonly method: string;
  readonly path: string;
  readonly as?: "user_1" | "admin" | undefined;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Uint8Array;
  readonly chunked?: boolean;
}

const me = "/me/metadata";
const json = ["Content-Type", "application/json"] as const;
const patch = (
  body: string | Uint8Array,
  type: string | null = json[1],
  more: OddRequest["headers"] = [],
): OddRequest => ({
  method: "PATCH",
  path: me,
  as: "user_1",
  headers: [...(type === null ? [] : [["Content-Type", type] as const]), ...more],
  body,
});
const get = (path: string, headers: OddRequest["headers"] = []): OddRequest => ({
  method: "GET",
  path,
  as: "user_1",
  headers,
});
const anonymous = (method: string, path: string, headers: OddRequest["headers"] = []): OddRequest => ({
  method,
  path,
  headers,
});
const admin = (method: string, path: string, body?: string, headers: OddRequest["headers"] = [json]): OddRequest => ({
  method,
  path,
  as: "admin",
  headers,
  ...(body !== undefined && { body }),
});
const ok = '{"unsafe":{"a":1}}';

const bodies: readonly string[] = [
  ok,
  "{}",
  '{"unsafe":{}}',
  '{"unsafe":{"a":null}}',
  '{"unsafe":null}',
  '{"unsafe":[1]}',
  "[]",
  "null",
  "1",
  '"text"',
  "",
  "   ",
  "{",
  '{"unsafe":{"a":1}',
  `${ok}x`,
  `${ok}${ok}`,
  '{"unsafe":{"a":1,"a":2}}',
  '{"unsafe":{"a":1},"unsafe":{}}',
  '{"unsafe":{"\\u0061":1,"a":2}}',
  '{"unsafe":{"__proto__":1}}',
  '{"unsafe":{"constructor":{"prototype":1}}}',
  '{"unsafe":{"n":1e400}}',
  '{"unsafe":{"n":-1e400}}',
  '{"unsafe":{"n":12345678901234567890}}',
  '{"unsafe":{"n":0.30000000000000001}}',
  '{"unsafe":{"n":-0}}',
  '{"unsafe":{"n":1E2}}',
  '{"unsafe":{"n":01}}',
  '{"unsafe":{"n":NaN}}',
  '{"unsafe":{"s":"a\\u0000b"}}',
  '{"unsafe":{"s":"\\ud800"}}',
  '{"unsafe":{"s":"é😀\\u2028"}}',
  '{"unsafe":{"s":"</script>"}}',
  '{"public":{"role":"admin"}}',
  '{"private":{"x":1}}',
  '{"unsafe":{"a":1},"public":{}}',
  '{"Public":{}}',
  '{"userId":"user_2","unsafe":{}}',
  '{"foo":1}',
  `{"unsafe":{"s":"${"x".repeat(2990)}"}}`,
  `{"unsafe":{"s":"${"x".repeat(3001)}"}}`,
  `{"unsafe":{"s":"${"漢".repeat(2990)}"}}`,
  `{"unsafe":${'{"a":'.repeat(31)}1${"}".repeat(31)}}`,
  `{"unsafe":{"${"k".repeat(1025)}":1}}`,
];

const mediaTypes: readonly (string | null)[] = [
  "application/json; charset=utf-8",
  'application/json;charset="UTF-8"',
  "APPLICATION/JSON",
  "application/json; charset=latin1",
  "application/json;",
  "application/jsonp",
  "application/json\ta",
  "application/vnd.api+json",
  "text/plain",
  "text/json",
  "multipart/form-data; boundary=x",
  "application/x-www-form-urlencoded",
  "application/merge-patch+json",
  "application/merge-patch+json; charset=utf-8",
  "",
  null,
];

const patches: readonly string[] = [
  '[{"op":"add","path":"/unsafe/a","value":1}]',
  '[{"op":"test","path":"/private/note","value":1}]',
  '[{"op":"copy","from":"/private/note","path":"/unsafe/a"}]',
  '[{"op":"remove","path":"/unsafe/none"}]',
  '[{"op":"test","path":"/unsafe/none","value":1}]',
  '[{"op":"add","path":"/unsafe/__proto__","value":1}]',
  '[{"op":"frob","path":"/unsafe/a"}]',
  "[]",
  '[{"op":"replace","path":"","value":{}}]',
  ok,
];

const paths: readonly string[] = [
  `${me}/`,
  `/${me}`,
  "//me//metadata",
  "/ME/METADATA",
  "/me%2fmetadata",
  "/me%2Fmetadata",
  "/%6De/metadata",
  "/me/x/../metadata",
  "/me/./metadata",
  "/me/%2e/metadata",
  "/me/metadata/..",
  "/me/%2e%2e/admin/users",
  `${me}%00`,
  `${me}%20`,
  `${me};x=1`,
  `${me}/x.css`,
  `${me}%2Fx.css`,
  `${me}#x`,
  "/me",
  "/",
  "/%zz",
  `${me}?a=%zz`,
  `${me}?`,
  `${me}?userId=user_2`,
  `${me}?access_token=x`,
  "/me\\metadata",
  "/admin/users/%zz/metadata",
  "http://api.test/me/metadata",
];

const adminPaths: readonly string[] = [
  "/admin/users//metadata",
  "/admin/users/a%2Fb/metadata",
  "/admin/users/..%2F..%2Fetc/metadata",
  "/admin/users/%2E%2E/metadata",
  "/admin/users/a%2Bb/metadata",
  "/admin/users/a+b/metadata",
  "/admin/users/a%20b/metadata",
  "/admin/users/%F0%9F%98%80/metadata",
  "/admin/users/a%3Fb/metadata",
  "/admin/users/__proto__/metadata",
  "/admin/users/*/metadata",
  "/admin/users/a%0D%0Ab/metadata",
  "/admin/users/%FF/metadata",
  "/admin/users/%ED%A0%80/metadata",
  "/admin/users/%20/metadata",
  `/admin/users/${"u".repeat(256)}/metadata`,
  "/admin/users/none/history",
  "/admin/users/none/history?limit=0",
  "/admin/users/none/history?limit=5&limit=6",
  "/admin/users?limit=501",
  "/admin/users?nonsense=1",
  "/admin/users?cursor=%25",
  "/admin/users?where=%7B%22public.other%22%3A1%7D",
  "/admin/users?where=%7B",
  "/admin/users/none/export",
  "/admin/users/none",
];

const methods: readonly string[] = ["HEAD", "POST", "OPTIONS", "TRACE", "QUERY", "PURGE", "SEARCH", "PROPFIND"];

const credentials: readonly OddRequest["headers"][] = [
  [["Authorization", "Bearer\t$TOKEN"]],
  [["Authorization", "Bearer  $TOKEN"]],
  [["Authorization", "bearer $TOKEN"]],
  [["Authorization", "Bearer"]],
  [["Authorization", "Bearer "]],
  [["Authorization", ""]],
  [["Authorization", "Bearer=$TOKEN"]],
  [["Authorization", "Basic dXNlcjpwYXNz"]],
  [["Authorization", "$TOKEN"]],
  [["Authorization", "Bearer $TOKEN, Bearer x"]],
  [
    ["Authorization", "Bearer $TOKEN"],
    ["Authorization", "Bearer $TOKEN"],
  ],
  [
    ["Authorization", "Basic x"],
    ["Authorization", "Bearer $TOKEN"],
  ],
  [["Authorization", "Bearer x.y.z"]],
  [["Cookie", "__session=$TOKEN"]],
  [["Cookie", "a=b; __session=$TOKEN; c=d"]],
  [["Cookie", "__session=$TOKEN; __session=x"]],
  [
    ["Cookie", "__session=$TOKEN"],
    ["Cookie", "__session=y"],
  ],
  [["Cookie", "__session="]],
  [
    ["Authorization", "Bearer bad"],
    ["Cookie", "__session=$TOKEN"],
  ],
  [["X-Authorization", "Bearer $TOKEN"]],
];

const origins: readonly OddRequest["headers"][] = [
  [["Origin", "https://app.test"]],
  [["Origin", "null"]],
  [["Origin", "https://app.test.evil.test"]],
  [["Origin", "https://app.test:8443"]],
  [["Sec-Fetch-Site", "same-origin"]],
  [["Sec-Fetch-Site", "cross-site"]],
  [],
];

const conditions: readonly OddRequest["headers"][] = [
  [["If-Match", '"stale"']],
  [["If-Match", "*"]],
  [["If-Match", "stale"]],
  [["If-Match", 'W/"x"']],
  [["If-Match", '"a", "b"']],
  [["If-None-Match", "*"]],
  [["If-None-Match", '"a"']],
  [["Idempotency-Key", "k 1"]],
  [["Idempotency-Key", ""]],
  [["Usermeta-Reason", "x".repeat(201)]],
];

/** Requests that frameworks answer differently when they are left to themselves; a name for each. */
export const oddRequests: ReadonlyMap<string, OddRequest> = new Map<string, OddRequest>([
  ...bodies.map((body, i) => [`body ${i}: ${body.slice(0, 40)}`, patch(body)] as const),
  ["body: invalid UTF-8", patch(Buffer.from("7b22756e73616665223a7b2261223a22ff227d7d", "hex"))],
  ["body: surrogates in UTF-8", patch(Buffer.from("7b22756e73616665223a7b2261223a22eda080227d7d", "hex"))],
  ["body: byte order mark", patch(`\ufeff${ok}`)],
  ["body: 70,000 bytes", patch("x".repeat(70_000))],
  ["body: 70,000 bytes, chunked", { ...patch("x".repeat(70_000)), chunked: true }],
  ["body: chunked", { ...patch(ok), chunked: true }],
  ["body: gzip", patch(gzipSync(ok), json[1], [["Content-Encoding", "gzip"]])],
  ["body: identity", patch(ok, json[1], [["Content-Encoding", "identity"]])],
  ["body: unknown coding", patch(ok, json[1], [["Content-Encoding", "zzz"]])],
  ["body: PUT", { ...patch(ok), method: "PUT" }],
  ["body: PUT merge-patch", { ...patch(ok, "application/merge-patch+json"), method: "PUT" }],
  ["body: DELETE with one", { ...patch(ok), method: "DELETE" }],
  ["body: GET with one", { ...patch(ok), method: "GET" }],
  ...mediaTypes.map((type) => [`media type ${type}`, patch(ok, type)] as const),
  ...patches.map((body) => [`JSON Patch ${body.slice(0, 60)}`, patch(body, "application/json-patch+json")] as const),
  ...paths.map((path) => [`path ${path}`, get(path)] as const),
  ...adminPaths.map((path) => [`admin path ${path.slice(0, 70)}`, admin("GET", path, undefined, [])] as const),
  ...methods.map((method) => [`method ${method}`, { ...get(me), method }] as const),
  ...methods.map((method) => [`method ${method}, nobody`, anonymous(method, me)] as const),
  ...methods.map(
    (method) => [`method ${method} on an admin route`, admin(method, "/admin/users", undefined, [])] as const,
  ),
  ...credentials.map(
    (headers = []) =>
      [
        `credentials ${headers.map((pair) => pair.join(": ")).join(" + ")}`,
        anonymous("GET", "/whoami", headers),
      ] as const,
  ),
  ...credentials.map(
    (headers = []) =>
      [
        `route credentials ${headers.map((pair) => pair.join(": ")).join(" + ")}`,
        anonymous("GET", me, headers),
      ] as const,
  ),
  ...origins.map(
    (headers = []) =>
      [
        `cookie write ${JSON.stringify(headers)}`,
        { method: "PATCH", path: me, headers: [["Cookie", "__session=$TOKEN"], json, ...headers], body: ok } as const,
      ] as const,
  ),
  ...origins.map((headers = []) => [`origin ${JSON.stringify(headers)}`, get(me, headers)] as const),
  [
    "preflight",
    anonymous("OPTIONS", me, [
      ["Origin", "https://app.test"],
      ["Access-Control-Request-Method", "PATCH"],
      ["Access-Control-Request-Headers", "x-any"],
    ]),
  ],
  [
    "preflight of another origin",
    anonymous("OPTIONS", me, [
      ["Origin", "https://evil.test"],
      ["Access-Control-Request-Method", "PATCH"],
    ]),
  ],
  ...conditions.map(
    (headers = []) => [`condition ${JSON.stringify(headers).slice(0, 50)}`, patch(ok, json[1], headers)] as const,
  ),
  ["GET If-None-Match *", get(me, [["If-None-Match", "*"]])],
  ["Accept: text/html", get(me, [["Accept", "text/html"]])],
  ["Accept-Encoding: gzip", get(me, [["Accept-Encoding", "gzip, br"]])],
  ["X-HTTP-Method-Override", get(me, [["X-HTTP-Method-Override", "DELETE"]])],
  [
    "x-middleware-subrequest",
    anonymous("GET", "/whoami", [
      ["x-middleware-subrequest", "middleware:middleware:middleware:middleware:middleware"],
    ]),
  ],
  ["admin: batch", admin("POST", "/admin/users/metadata", '{"userIds":["user_1","none"]}')],
  ["admin: batch, bad id", admin("POST", "/admin/users/metadata", '{"userIds":["user_1",""]}')],
  ["admin: batch, unknown member", admin("POST", "/admin/users/metadata", '{"ids":[]}')],
  ["admin: write public", admin("PATCH", "/admin/users/a%2Fb/metadata", '{"public":{"m":1}}')],
  ["admin: clear a scope", admin("DELETE", "/admin/users/a%2Fb/metadata?scope=public")],
  ["admin: clear no scope", admin("DELETE", "/admin/users/a%2Fb/metadata?scope=other")],
  ["admin: revert nothing", admin("POST", "/admin/users/a%2Fb/history/none/revert", undefined, [])],
  ["admin: erase", admin("DELETE", "/admin/users/a%2Fb")],
  ["admin: a user's token", { method: "GET", path: "/admin/users", as: "user_1" }],
  ["optional, nobody", anonymous("GET", "/optional")],
  ["optional, bad token", anonymous("GET", "/optional", [["Authorization", "Bearer bad"]])],
  ["whoami HEAD, nobody", anonymous("HEAD", "/whoami")],
]);
