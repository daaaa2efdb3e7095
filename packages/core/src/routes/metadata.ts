import { checkOptions } from "../errors.ts";
import { type HttpRequest, type HttpResponse, jsonResponse, type Routes } from "../http.ts";
import { andThen, type MaybePromise } from "../maybe-promise.ts";
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
  meta: Pick<UserMeta<Documents>, "guard" | "issueToken" | "records" | "cors" | "issuer">,
  options: Pick<VerifySessionOptions, "scopes" | "claims" | "requireMetadata"> = {},
): Routes {
  checkOptions("metadataRoutes", options, ["scopes", "claims", "requireMetadata"]);
  const { records, cors, issuer } = meta;
  const path = "/me/metadata";
  const guarded = { ...options, sessionRequired: true } as const;

  const withSession =
    (answer: (session: Session, request: HttpRequest) => MaybePromise<HttpResponse>) =>
    (request: HttpRequest): MaybePromise<HttpResponse> =>
      andThen(meta.guard(request, guarded), ({ session, response }) => response ?? answer(session as Session, request));

  const write = (readEdit: (request: HttpRequest) => MaybePromise<Edit>) =>
    withSession(async ({ userId }, request) => {
      const writeOptions = { ...readWriteOptions(request), actor: `user:${userId}`, seen: ownView.seen };
      const edit = await readEdit(request);
      return showWritten(await records.write(userId, edit, writeOptions), ownView);
    });

  return createRoutes(cors, [
    {
      method: "GET",
      path,
      handle: withSession(({ userId }, request) =>
        andThen(records.read(userId), (record) => showRecord(request, record, ownView)),
      ),
    },
    { method: "PATCH", path, handle: write((request) => readPatch(request, records.limits, ["unsafe"])) },
    { method: "PUT", path, handle: write((request) => readReplacement(request, records.limits, ["unsafe"])) },
    { method: "DELETE", path, handle: write(() => clearEdit(["unsafe"])) },
    {
      method: "GET",
      path: `${path}/events`,
      handle: withSession(({ userId, expiresAt }, request) => {
        const hasEnded = async (): Promise<boolean> => {
          try {
            return (await meta.guard(request, guarded)).response !== undefined;
          } catch {
            return true; // the application's own verifier failed
          }
        };
        return streamRecord(request, { records, userId, end: Date.parse(expiresAt), view: ownView, hasEnded });
      }),
    },
    ...(issuer === undefined ? [] : tokenRoutes(meta, issuer, withSession)),
  ]);
}

/** A token of our own for whoever has a session, and the keys that verify it. */
function tokenRoutes(
  meta: Pick<UserMeta<Documents>, "issueToken">,
  issuer: SessionIssuer,
  withSession: (answer: (session: Session, request: HttpRequest) => Promise<HttpResponse>) => Route["handle"],
): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/me/token",
      handle: withSession(async ({ userId, expiresAt, claims }, request) => {
        const { sid } = claims;
        const sessionId = typeof sid === "string" ? sid : undefined;
        const issued = await meta.issueToken(userId, { sessionId, notAfter: Date.parse(expiresAt) / 1000 });
        await discard(request.body);
        return jsonResponse(200, stringify(issued));
      }),
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
