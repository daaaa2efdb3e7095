import type { Session } from "@usermeta/core";

// `import "@usermeta/express/global"` once, in applications where no other library declares `req.session`.
declare global {
  namespace Express {
    interface Request {
      /** Set by `verifySession` of `@usermeta/express`. */
      readonly session?: Session;
    }
  }
}
