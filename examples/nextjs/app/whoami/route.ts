import { verifySession } from "@usermeta/nextjs";
import { meta } from "../../usermeta.ts";

export const GET = verifySession(meta, (_req, { session }) => Response.json({ userId: session.userId }));
