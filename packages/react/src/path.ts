import type { Metadata } from "@usermeta/client";
import type { RegisteredDocuments } from "./registered.ts";

/** A place in the metadata: `"unsafe.theme"`, `"public"`, `"version"`. Keys with a dot in them have none. */
export type MetadataPath = PathOf<Metadata<RegisteredDocuments>>;

/** What is at a place; `undefined` where there may be nothing. */
export type MetadataValue<P extends string> = ValueAt<Metadata<RegisteredDocuments>, P>;

type PathOf<T> = T extends readonly unknown[] | string | number | boolean | null | undefined
  ? never
  : string extends keyof T
    ? string
    : { [K in keyof T & string]: K | `${K}.${PathOf<T[K]>}` }[keyof T & string];

type ValueAt<T, P extends string> = P extends `${infer K}.${infer Rest}`
  ? ValueAt<Member<T, K>, Rest> | Absent<T>
  : Member<T, P> | Absent<T>;
type Member<T, K extends string> = NonNullable<T> extends infer Of ? (K extends keyof Of ? Of[K] : undefined) : never;
type Absent<T> = undefined extends T ? undefined : never;

/** What is at a place, or `undefined`. */
export function valueAt(metadata: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>(memberOf, metadata);
}

const memberOf = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
