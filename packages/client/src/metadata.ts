import type {
  AnyDocuments,
  DeepChanges,
  Documents,
  DocumentsOf as SchemaDocuments,
  Schemas,
  ShallowChanges,
  UserMeta,
} from "@usermeta/core";

/** The types of the two scopes that users see. */
export type OwnDocuments = Pick<Documents, "public" | "unsafe">;

/**
 * The documents behind what types a client: the server's `typeof meta`, its `typeof schema`, or the documents themselves.
 * Types only: nothing of the server comes along.
 */
export type DocumentsOf<T> =
  T extends UserMeta<infer D> ? D : T extends Schemas ? SchemaDocuments<T> : T extends OwnDocuments ? T : AnyDocuments;

/** What users see of themselves, as the server last said, or with writes on top that it has not confirmed yet. */
export interface Metadata<D extends OwnDocuments = AnyDocuments> {
  readonly userId: string;
  /** For users to read. */
  readonly public: Partial<D["public"]>;
  /** For users to read and write. */
  readonly unsafe: Partial<D["unsafe"]>;
  /** Each change of the two adds to it; 0: nobody has written any. */
  readonly version: number;
  /** ISO 8601 time of the last change. */
  readonly updatedAt: string | null;
}

/**
 * What a page was rendered with. Behind a guard with `metadata: true` the session has it: `{ userId, ...session.metadata }`.
 * A record of `meta.get` has `private` as well, and is refused.
 */
export type Initial<D extends OwnDocuments = AnyDocuments> = Omit<Metadata<D>, "updatedAt"> & {
  readonly updatedAt?: string | null;
  readonly private?: never;
};

/** Changes for each way to merge: users write `unsafe` only. */
export interface Changes<D extends OwnDocuments> {
  /** Root keys are replaced whole; a root `null` removes what is optional. */
  readonly shallow: Pick<ShallowChanges<D & Documents>, "unsafe">;
  /** Objects merge at every level (RFC 7396); `null` removes what is optional; arrays are whole. */
  readonly deep: Pick<DeepChanges<D & Documents>, "unsafe">;
  /** `unsafe` becomes this object. */
  readonly replace: { readonly unsafe: D["unsafe"] };
}

/** Metadata at a version, as one tab tells another. */
export interface State {
  /** Missing for what a page was rendered with. */
  readonly etag?: string | undefined;
  readonly view: Metadata;
}
