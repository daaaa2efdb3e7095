import { hasClaim } from "@usermeta/core";
import { verifySession } from "@usermeta/nextjs";
import { meta } from "../../usermeta.ts";

/** Asks of the session's claims, of the user's live metadata, and of the token's age. */
export const GET = verifySession(meta, (_req, { session }) => Response.json({ userId: session.userId }), {
  claims: [hasClaim("email_verified", true)],
  requireMetadata: ({ public: { plan } }) => plan === "pro",
  fresh: "token",
});
