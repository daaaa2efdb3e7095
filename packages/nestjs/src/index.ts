export { SessionDenied } from "./denial.ts";
export { getSession, Session, USER_META, VerifySession } from "./guard.ts";
export { UserMetaModule, type UserMetaModuleAsyncOptions, type UserMetaModuleOptions } from "./module.ts";
export { RequireClaims, RequireMetadata } from "./requirements.ts";
