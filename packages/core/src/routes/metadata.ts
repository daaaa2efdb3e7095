import { checkOptions } from "../errors.ts";
import type { HttpRequest, HttpResponse, Routes } from "../http.ts";
import { clearEdit, type Edit } from "../metadata/edit.ts";
import type { Documents } from "../metadata/record.ts";
import type { Session, VerifySessionOptions } from "../session/session.ts";
import type { UserMeta } from "../usermeta.ts";
import { readPatch, readReplacement } from "./edit.ts";
import { readWriteOptions } from "./headers.ts";
import { createRoutes } from "./router.ts";
import { ownView, showRecord, showWritten } from "./view.ts";

/**
 * The users' own routes: `GET`, `PATCH`, `PUT` and `DELETE /me/metadata`. Users read `public` and `unsafe`, and write
 * `unsafe`. Whose metadata it is comes from the session alone.
 *
 * ```ts
 * app.use("/usermeta", mount(metadataRoutes(meta)));
 * ```
 * @param options what every route asks of the session, e.g. `{ scopes: ["metadata:write"] }`
 */
export function metadataRoutes(
  meta: Pick<UserMeta<Documents>, "verifySession" | "records" | "cors">,
  options: Omit<VerifySessionOptions, "sessionRequired"> = {},
): Routes {
  checkOptions("metadataRoutes", options, ["scopes"]);
  const { records, cors } = meta;
  const path = "/me/metadata";

  const authorize = (request: HttpRequest): Promise<Session> =>
    meta.verifySession(request, { ...options, sessionRequired: true }) as Promise<Session>;

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
  ]);
}
