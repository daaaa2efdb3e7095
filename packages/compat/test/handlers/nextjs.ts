import type { SessionRequest } from "@usermeta/express";
import { superTokensNextWrapper, UserMetadata, onExpress as verifySession } from "./usermeta.ts";

export default async function updateInfo(req: any, res: any) {
  await superTokensNextWrapper(
    async (next) => {
      await verifySession()(req, res, next);
    },
    req,
    res,
  );
  const session = (req as SessionRequest).session;
  const userId = session!.getUserId();

  await UserMetadata.updateUserMetadata(userId, { newKey: "data" });

  res.json({ message: "successfully updated user metadata" });
}
