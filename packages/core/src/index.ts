export { checkOptions, type ErrorCode, errorTable, invalidConfig, UserMetaError } from "./errors.ts";
export {
  errorResponse,
  type HttpRequest,
  type HttpResponse,
  type RequestHeaders,
  type Routes,
  type SessionRequest,
} from "./http.ts";
export type { CacheOptions } from "./metadata/cache.ts";
export type { Change, Difference, HistoryOptions } from "./metadata/change.ts";
export type { ChangeKind, Edit } from "./metadata/edit.ts";
export type { Json, JsonObject } from "./metadata/json.ts";
export type { Limits } from "./metadata/limits.ts";
export { memoryStore } from "./metadata/memory.ts";
export type { DeepChanges, Merge, ShallowChanges } from "./metadata/merge.ts";
export type { PatchOperation } from "./metadata/patch.ts";
export {
  type Comparison,
  compare,
  type Place,
  requireIndexes,
  type Scalar,
  satisfies,
  type Term,
  termPath,
  toIndexes,
  type Where,
} from "./metadata/query.ts";
export type { AnyDocuments, Documents, UserRecord } from "./metadata/record.ts";
export type { Page, PageQuery, Records } from "./metadata/records.ts";
export type { DocumentsOf, Schemas } from "./metadata/schema.ts";
export {
  type HistoryQuery,
  type ListQuery,
  type MetadataStore,
  type Put,
  type PutResult,
  type Retention,
  type Scope,
  type StoredChange,
  type StoredRecord,
  type StoredScope,
  scopes,
} from "./metadata/store.ts";
export { checkUserId } from "./metadata/user-id.ts";
export type { WriteOptions } from "./metadata/write-options.ts";
export type { KeyedWrite, Written } from "./metadata/writer.ts";
export type { ChangeEvent, UserMetaOptions } from "./options.ts";
export { type AdminRoutesOptions, adminRoutes } from "./routes/admin.ts";
export { type AdminKey, adminKey } from "./routes/admin-key.ts";
export { metadataRoutes } from "./routes/metadata.ts";
export type { Guard } from "./session/guard.ts";
export type { IssuedToken, SessionIssuer, TokenGrant, TokenUser } from "./session/issuer.ts";
export { type JwtVerifierOptions, jwtVerifier } from "./session/jwt.ts";
export {
  type ClaimPath,
  type ClaimRequirement,
  hasClaim,
  includes,
  type MetadataRequirement,
  type TrustedMetadata,
  type UntrustedMetadata,
} from "./session/requirements.ts";
export type { Revoked } from "./session/revocation.ts";
export {
  createSession,
  type Session,
  type SessionMetadata,
  type SessionVerifier,
  type Verdict,
  type VerifiedToken,
  type VerifySessionOptions,
} from "./session/session.ts";
export type { TokenCacheOptions, Whose } from "./session/token-cache.ts";
export { createUserMeta, type UserExport, type UserMeta } from "./usermeta.ts";
