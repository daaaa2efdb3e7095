import type { DocumentsOf } from "@usermeta/client";
import type { AnyDocuments } from "@usermeta/core";
import type { Register } from "./index.ts";

/** The documents that an application has named in {@link Register}; any JSON objects where it has not. */
export type RegisteredDocuments = DocumentsOf<Register extends { readonly meta: infer T } ? T : AnyDocuments>;
