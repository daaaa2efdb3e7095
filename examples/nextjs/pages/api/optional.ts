import { verifySession } from "@usermeta/nextjs/pages";
import { meta } from "../../usermeta.ts";

export default verifySession(meta, (req, res) => res.json({ userId: req.session?.userId ?? null }), {
  sessionRequired: false,
});
