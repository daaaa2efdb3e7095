export { getSession, Session, SessionDenied, USER_META, VerifySession } from "./guard.ts";
export { UserMetaModule, type UserMetaModuleAsyncOptions, type UserMetaModuleOptions } from "./module.ts";
