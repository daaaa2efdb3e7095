import { verifySession } from "@usermeta/nextjs/pages";
import { meta } from "../../usermeta.ts";

export default verifySession(meta, async (req, res) => {
  await meta.clear(req.session.getUserId(), "private");
  res.json({ success: true });
});
