import { verifySession } from "@usermeta/nextjs/pages";
import { meta } from "../../usermeta.ts";

export default verifySession(meta, async (req, res) => {
  const { preferences } = (await meta.get(req.session.getUserId())).private;
  res.json({ preferences });
});
