import { verifySession } from "@usermeta/nextjs/pages";
import { meta } from "../../usermeta.ts";

export default verifySession(meta, async (req, res) => {
  await meta.update(req.session.getUserId(), { private: { notifications: null } });
  res.json({ message: "successfully updated user metadata" });
});
