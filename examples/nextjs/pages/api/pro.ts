import { hasClaim } from "@usermeta/core";
import { verifySession } from "@usermeta/nextjs/pages";
import { meta } from "../../usermeta.ts";

/** Asks of the session's claims, of the user's live metadata, and of the token's age. */
export default verifySession(meta, (req, res) => res.json({ userId: req.session.userId }), {
  claims: [hasClaim("email_verified", true)],
  requireMetadata: ({ public: { plan } }) => plan === "pro",
  fresh: "token",
});
