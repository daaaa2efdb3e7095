import { checkOptions } from "../errors.ts";
import { type HttpRequest, type HttpResponse, jsonResponse, type Routes } from "../http.ts";
import { clearEdit, type Edit } from "../metadata/edit.ts";
import { stringify } from "../metadata/json.ts";
import type { Documents } from "../metadata/record.ts";
import type { SessionIssuer } from "../session/issuer.ts";
import type { Session, VerifySessionOptions } from "../session/session.ts";
import type { UserMeta } from "../usermeta.ts";
import { discard } from "./body.ts";
import { readPatch, readReplacement } from "./edit.ts";
import { streamRecord } from "./events.ts";
import { readWriteOptions } from "./headers.ts";
import { createRoutes, type Route } from "./router.ts";
import { ownView, showRecord, showWritten } from "./view.ts";

/**
 * The users' own routes: `GET`, `PATCH`, `PUT` and `DELETE /me/metadata`, its events, and with an issuer `POST /me/token`
 * and the key set. Users read `public` and `unsafe`, and write `unsafe`. Whose metadata it is comes from the session alone.
 *
 * ```ts
 * app.use("/usermeta", mount(metadataRoutes(meta)));
 * ```
 * @param options what every route asks of the session, e.g. `{ scopes: ["metadata:write"] }`
 */
export function metadataRoutes(
  meta: Pick<UserMeta<Documents>, "verifySession" | "issueToken" | "records" | "cors" | "issuer">,
  options: Pick<VerifySessionOptions, "scopes" | "claims" | "requireMetadata"> = {},
): Routes {
  checkOptions("metadataRoutes", options, ["scopes", "claims", "requireMetadata"]);
  const { records, cors, issuer } = meta;
  const path = "/me/metadata";
  const guarded = { ...options, sessionRequired: true } as const;

  const authorize = (request: HttpRequest): Promise<Session> =>
    meta.verifySession(request, guarded) as Promise<Session>;

  const write =
    (readEdit: (request: HttpRequest) => Edit | Promise<Edit>) =>
    async (request: HttpRequest): Promise<HttpResponse> => {
      const { userId } = await authorize(request);
      const writeOptions = { ...readWriteOptions(request), actor: `user:${userId}`, seen: ownView.seen };
      const edit = await readEdit(request);
      return showWritten(await records.write(userId, edit, writeOptions), ownView);
    };

  return createRoutes(cors, [
    {
      method: "GET",
      path,
      handle: async (request) => {
        const { userId } = await authorize(request);
        return showRecord(request, await records.read(userId), ownView);
      },
    },
    { method: "PATCH", path, handle: write((request) => readPatch(request, records.limits, ["unsafe"])) },
    { method: "PUT", path, handle: write((request) => readReplacement(request, records.limits, ["unsafe"])) },
    { method: "DELETE", path, handle: write(() => clearEdit(["unsafe"])) },
    {
      method: "GET",
      path: `${path}/events`,
      handle: async (request) => {
        const { userId, expiresAt } = await authorize(request);
        const end = Date.parse(expiresAt);
        return streamRecord(request, { records, userId, end, view: ownView, authorize: () => authorize(request) });
      },
    },
    ...(issuer === undefined ? [] : tokenRoutes(meta, issuer, authorize)),
  ]);
}

/** A token of our own for whoever has a session, and the keys that verify it. */
function tokenRoutes(
  meta: Pick<UserMeta<Documents>, "issueToken">,
  issuer: SessionIssuer,
  authorize: (request: HttpRequest) => Promise<Session>,
): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/me/token",
      handle: async (request) => {
        const { userId, expiresAt, claims } = await authorize(request);
        const { sid } = claims;
        const sessionId = typeof sid === "string" ? sid : undefined;
        const issued = await meta.issueToken(userId, { sessionId, notAfter: Date.parse(expiresAt) / 1000 });
        await discard(request.body);
        return jsonResponse(200, stringify(issued));
      },
    },
    {
      method: "GET",
      path: "/.well-known/jwks.json",
      handle: async () =>
        jsonResponse(200, stringify(await issuer.keySet()), {
          "content-type": "application/jwk-set+json", // RFC 7517 section 8.5.2
          "cache-control": "public, max-age=600",
          vary: "origin",
        }),
    },
  ];
}
