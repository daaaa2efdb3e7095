export { type ClientOptions, createClient, type Input, type MetadataClient, type Update } from "./client.ts";
export { type ClientErrorCode, type ClientErrorParts, UserMetaClientError } from "./error.ts";
export type { Changes, DocumentsOf, Initial, Metadata, OwnDocuments } from "./metadata.ts";
export type { RequestOptions, TokenProvider } from "./request.ts";
