import { verifySession } from "@usermeta/nextjs";
import { meta } from "../../usermeta.ts";

export const GET = verifySession(meta, async (_req, { session }) => {
  const { preferences } = (await meta.get(session.getUserId())).private;
  return Response.json({ preferences });
});
