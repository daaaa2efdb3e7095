// Made from the route tables by `pnpm run docs`: change those, not this.
// biome-ignore-all lint: generated
// biome-ignore-all format: generated
// oxlint-disable
export interface paths {
    "/me/metadata": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read one's own metadata
         * @description `public` and `unsafe` of the user whose session it is.
         */
        get: operations["getOwnMetadata"];
        /**
         * Replace one's own `unsafe` metadata
         * @description With `If-None-Match: *` only if it was never written, as at sign-up.
         */
        put: operations["replaceOwnMetadata"];
        post?: never;
        /** Empty one's own `unsafe` metadata */
        delete: operations["clearOwnMetadata"];
        options?: never;
        head?: never;
        /**
         * Change one's own `unsafe` metadata
         * @description `application/json` replaces root keys, and removes those that are null; `application/merge-patch+json` merges deeply (RFC 7396); `application/json-patch+json` applies operations (RFC 6902). Only the scopes that are named change, all or none.
         */
        patch: operations["updateOwnMetadata"];
        trace?: never;
    };
    "/me/metadata/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Hear of changes to one's own metadata
         * @description The stream ends with the session. Clients with a bearer token read it with `fetch`, not with EventSource.
         */
        get: operations["watchOwnMetadata"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/me/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Exchange one's session for a token that carries metadata */
        post: operations["issueToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read the keys that verify these tokens */
        get: operations["getKeySet"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{id}/metadata": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a user's metadata
         * @description All three scopes; a user nobody wrote about has version 0 and empty scopes.
         */
        get: operations["getMetadata"];
        /**
         * Replace scopes of a user's metadata
         * @description Each scope that is named becomes what the body says; the others stay.
         */
        put: operations["replaceMetadata"];
        post?: never;
        /**
         * Empty a user's metadata
         * @description The record and its history stay.
         */
        delete: operations["clearMetadata"];
        options?: never;
        head?: never;
        /**
         * Change a user's metadata
         * @description `application/json` replaces root keys, and removes those that are null; `application/merge-patch+json` merges deeply (RFC 7396); `application/json-patch+json` applies operations (RFC 6902). Only the scopes that are named change, all or none.
         */
        patch: operations["updateMetadata"];
        trace?: never;
    };
    "/admin/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Erase everything about a user
         * @description Record and history, for good.
         */
        delete: operations["eraseUser"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a user's change log, newest first */
        get: operations["getHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{id}/history/{changeId}/revert": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Undo one change */
        post: operations["revertChange"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Export everything held about a user */
        get: operations["exportUser"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List or search users */
        get: operations["listUsers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/metadata": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read many users' metadata at once
         * @description In the order asked for.
         */
        post: operations["getManyMetadata"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        OwnRecord: {
            /**
             * @description Opaque; at most 255 bytes of UTF-8, compared byte for byte.
             * @example ada
             */
            userId: string;
            public: components["schemas"]["Metadata"];
            unsafe: components["schemas"]["Metadata"];
            /** @description Grows by one with each write that changes something; 0 for a user nobody wrote about. */
            version: number;
            /**
             * Format: date-time
             * @description Of public and unsafe.
             */
            updatedAt: string | null;
        };
        /**
         * @description One scope: a JSON object of at most 3,000 characters, unless the server was told otherwise.
         * @example {
         *       "theme": "dark"
         *     }
         */
        Metadata: {
            [key: string]: unknown;
        };
        /** @description RFC 9457. It never repeats input. */
        Problem: {
            /**
             * Format: uri
             * @example urn:usermeta:error:version_conflict
             */
            type: string;
            title: string;
            status: number;
            /**
             * @description Stable: a code never changes its meaning.
             * @enum {unknown}
             */
            code: "invalid_request" | "invalid_user_id" | "invalid_json" | "duplicate_key" | "forbidden_key" | "invalid_number" | "invalid_string" | "too_deep" | "key_too_long" | "not_an_object" | "unknown_member" | "scope_forbidden" | "invalid_value" | "invalid_patch" | "invalid_query" | "invalid_cursor" | "unindexed_path" | "session_required" | "invalid_token" | "token_expired" | "token_stale" | "admin_key_invalid" | "insufficient_scope" | "requirement_failed" | "origin_forbidden" | "admin_forbidden" | "not_found" | "method_not_allowed" | "patch_test_failed" | "change_not_revertible" | "version_conflict" | "body_too_large" | "unsupported_media_type" | "scope_too_large" | "schema_mismatch" | "idempotency_key_reused" | "claims_too_large" | "too_many_attempts" | "no_guard" | "internal" | "not_supported" | "store_unavailable" | "outcome_unknown" | "write_contention" | "keys_unavailable" | "invalid_config";
            /** @description What was wrong. */
            detail?: string;
            /** @description JSON Pointer to the part of the body that is at fault. */
            pointer?: string;
        };
        /**
         * @example {
         *       "unsafe": {
         *         "theme": "dark"
         *       }
         *     }
         */
        OwnChanges: {
            unsafe?: components["schemas"]["Metadata"];
        };
        /**
         * @description RFC 6902. Every path begins with a scope that the route can write.
         * @example [
         *       {
         *         "op": "replace",
         *         "path": "/unsafe/theme",
         *         "value": "light"
         *       }
         *     ]
         */
        JsonPatch: {
            /** @enum {unknown} */
            op: "add" | "remove" | "replace" | "move" | "copy" | "test";
            /** @description JSON Pointer (RFC 6901). */
            path: string;
            /** @description JSON Pointer (RFC 6901). */
            from?: string;
            /** @description Any JSON value. */
            value?: unknown;
        }[];
        /** @description Server-Sent Events: `event: metadata`, an ETag as `id`, and an OwnRecord as `data`; at once, and after each change. */
        EventStream: string;
        IssuedToken: {
            /** @description A JWT that carries metadata, and its state as `mv`. */
            token: string;
            /** Format: date-time */
            expiresAt: string;
        };
        KeySet: {
            keys: Record<string, never>[];
        };
        UserRecord: {
            /**
             * @description Opaque; at most 255 bytes of UTF-8, compared byte for byte.
             * @example ada
             */
            userId: string;
            public: components["schemas"]["Metadata"];
            private: components["schemas"]["Metadata"];
            unsafe: components["schemas"]["Metadata"];
            /** @description Grows by one with each write that changes something; 0 for a user nobody wrote about. */
            version: number;
            /**
             * @description For `If-Match`.
             * @example "6359012a3c5256d2.1"
             */
            etag: string;
            /**
             * Format: date-time
             * @description When the user was first written about.
             */
            createdAt: string | null;
            /**
             * Format: date-time
             * @description When the record last changed.
             */
            updatedAt: string | null;
        };
        /**
         * @example {
         *       "public": {
         *         "plan": "pro"
         *       },
         *       "private": {
         *         "credits": 3
         *       }
         *     }
         */
        Changes: {
            public?: components["schemas"]["Metadata"];
            private?: components["schemas"]["Metadata"];
            unsafe?: components["schemas"]["Metadata"];
        };
        ChangePage: {
            changes: components["schemas"]["Change"][];
            /** @description Pass it as `cursor` for what follows; null at the end. */
            next: string | null;
        };
        Change: {
            id: string;
            /** @description The record's version after it. */
            version: number;
            /** Format: date-time */
            at: string;
            /** @enum {unknown} */
            kind: "update" | "replace" | "patch" | "clear" | "import" | "revert";
            /** @description `user:<id>`, `key:<name>`, or what the application said. */
            actor: string;
            reason?: string;
            requestId?: string;
            changes: components["schemas"]["Difference"][];
        };
        Difference: {
            /** @description JSON Pointer (RFC 6901). */
            path: string;
            /** @description The value before; absent: there was none. */
            from?: unknown;
            /** @description The value after; absent: there is none. */
            to?: unknown;
            /**
             * @description The values are not kept.
             * @constant
             */
            masked?: true;
            /** @description Characters of a value too large to keep. */
            fromSize?: number;
            /** @description Characters of a value too large to keep. */
            toSize?: number;
        };
        UserExport: {
            record: components["schemas"]["UserRecord"];
            history: components["schemas"]["Change"][];
        };
        UserPage: {
            users: components["schemas"]["UserRecord"][];
            /** @description Pass it as `cursor` for what follows; null at the end. */
            next: string | null;
        };
        /**
         * @example {
         *       "userIds": [
         *         "ada",
         *         "grace"
         *       ]
         *     }
         */
        UserIds: {
            userIds: string[];
        };
        Users: {
            users: components["schemas"]["UserRecord"][];
        };
    };
    responses: {
        /** @description `invalid_request`: The request is malformed; `invalid_user_id`: The user id is not valid; `invalid_json`: The body is not valid JSON; `duplicate_key`: An object names the same key twice; `forbidden_key`: A key is not allowed; `invalid_number`: A number cannot be kept exactly; `invalid_string`: A string cannot be kept exactly; `too_deep`: The value is nested too deeply; `key_too_long`: A key is too long; `not_an_object`: A JSON object is required here; `unknown_member`: The body names something that does not exist; `scope_forbidden`: This route cannot write that scope; `invalid_value`: A value is not JSON data; `invalid_patch`: The JSON Patch cannot be applied; `invalid_query`: The query is not valid; `invalid_cursor`: The cursor is not valid; `unindexed_path`: There is no index for that path */
        Error400: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `session_required`: A session is required; `invalid_token`: The session token is not valid; `token_expired`: The session token has expired; `token_stale`: The session token is older than the metadata; `admin_key_invalid`: The admin key is not valid */
        Error401: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `insufficient_scope`: The session lacks a scope; `requirement_failed`: The session does not meet a requirement; `origin_forbidden`: The request comes from another site; `admin_forbidden`: The session may not use the admin routes */
        Error403: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `version_conflict`: The record has changed */
        Error412: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `store_unavailable`: The store cannot be reached; `outcome_unknown`: It is not known whether the write happened; `write_contention`: Too many writes to this record at once; `keys_unavailable`: The session issuer's keys cannot be reached */
        Error503: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `patch_test_failed`: A test operation of the JSON Patch failed; `change_not_revertible`: The change cannot be reverted */
        Error409: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `body_too_large`: The body is too large */
        Error413: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `unsupported_media_type`: The media type is not supported */
        Error415: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `scope_too_large`: The scope would become too large; `schema_mismatch`: The scope would not match its schema; `idempotency_key_reused`: The idempotency key belongs to another request; `claims_too_large`: The token's claims are too large */
        Error422: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `too_many_attempts`: Too many wrong keys */
        Error429: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `not_found`: There is nothing here */
        Error404: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `not_supported`: This cannot be done here */
        Error501: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /** @description Writes only if the record is at one of these ETags, or was ever written (`*`). */
        IfMatch: string;
        /** @description Answers 304 if the record is still at one of these ETags. */
        IfNoneMatch: string;
        /** @description `*`: writes only if these scopes were never written. */
        IfAbsent: "*";
        /** @description The same request with the same key happens once. */
        IdempotencyKey: string;
        /** @description Why, for the change log. */
        Reason: string;
        /** @description Kept in the change log. */
        RequestId: string;
        /** @description The ETag that the client has: the stream begins with the next one. */
        LastEventId: string;
        /** @description Percent-encoded. */
        UserId: string;
        /** @description Clears this scope only. */
        Scope: "public" | "private" | "unsafe";
        /** @description How many at most. */
        Limit: number;
        /** @description `next` of the page before, unchanged. */
        Cursor: string;
        /** @description `id` of a change. */
        ChangeId: string;
        /** @description JSON: up to 8 terms on `scope.key.key`, all of which must hold. A term is a scalar or one of `in`, `gt`, `gte`, `lt`, `lte`, `exists`. The path must be indexed by the store. */
        Where: string;
    };
    requestBodies: never;
    headers: {
        /** @description The record's version, for `If-Match` and `If-None-Match`. */
        ETag: string;
        /** @description The challenge (RFC 6750). */
        "WWW-Authenticate": string;
        /** @description Seconds after which another try makes sense. */
        "Retry-After": number;
        /** @description `true`: this key was used before, and nothing was written. */
        "Idempotency-Replayed": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getOwnMetadata: {
        parameters: {
            query?: never;
            header?: {
                /** @description Writes only if the record is at one of these ETags, or was ever written (`*`). */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description Answers 304 if the record is still at one of these ETags. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is there. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnRecord"];
                };
            };
            /** @description It has not changed. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            412: components["responses"]["Error412"];
            503: components["responses"]["Error503"];
        };
    };
    replaceOwnMetadata: {
        parameters: {
            query?: never;
            header?: {
                /** @description Writes only if the record is at one of these ETags, or was ever written (`*`). */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `*`: writes only if these scopes were never written. */
                "If-None-Match"?: components["parameters"]["IfAbsent"];
                /** @description The same request with the same key happens once. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Why, for the change log. */
                "Usermeta-Reason"?: components["parameters"]["Reason"];
                /** @description Kept in the change log. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OwnChanges"];
            };
        };
        responses: {
            /** @description The record as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnRecord"];
                };
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            409: components["responses"]["Error409"];
            412: components["responses"]["Error412"];
            413: components["responses"]["Error413"];
            415: components["responses"]["Error415"];
            422: components["responses"]["Error422"];
            503: components["responses"]["Error503"];
        };
    };
    clearOwnMetadata: {
        parameters: {
            query?: never;
            header?: {
                /** @description Writes only if the record is at one of these ETags, or was ever written (`*`). */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `*`: writes only if these scopes were never written. */
                "If-None-Match"?: components["parameters"]["IfAbsent"];
                /** @description The same request with the same key happens once. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Why, for the change log. */
                "Usermeta-Reason"?: components["parameters"]["Reason"];
                /** @description Kept in the change log. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The record as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnRecord"];
                };
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            409: components["responses"]["Error409"];
            412: components["responses"]["Error412"];
            422: components["responses"]["Error422"];
            503: components["responses"]["Error503"];
        };
    };
    updateOwnMetadata: {
        parameters: {
            query?: never;
            header?: {
                /** @description Writes only if the record is at one of these ETags, or was ever written (`*`). */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `*`: writes only if these scopes were never written. */
                "If-None-Match"?: components["parameters"]["IfAbsent"];
                /** @description The same request with the same key happens once. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Why, for the change log. */
                "Usermeta-Reason"?: components["parameters"]["Reason"];
                /** @description Kept in the change log. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OwnChanges"];
                "application/merge-patch+json": components["schemas"]["OwnChanges"];
                "application/json-patch+json": components["schemas"]["JsonPatch"];
            };
        };
        responses: {
            /** @description The record as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnRecord"];
                };
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            409: components["responses"]["Error409"];
            412: components["responses"]["Error412"];
            413: components["responses"]["Error413"];
            415: components["responses"]["Error415"];
            422: components["responses"]["Error422"];
            503: components["responses"]["Error503"];
        };
    };
    watchOwnMetadata: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the client has: the stream begins with the next one. */
                "Last-Event-ID"?: components["parameters"]["LastEventId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is there. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["EventStream"];
                };
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            503: components["responses"]["Error503"];
        };
    };
    issueToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is there. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedToken"];
                };
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            422: components["responses"]["Error422"];
            503: components["responses"]["Error503"];
        };
    };
    getKeySet: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is there. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/jwk-set+json": components["schemas"]["KeySet"];
                };
            };
        };
    };
    getMetadata: {
        parameters: {
            query?: never;
            header?: {
                /** @description Writes only if the record is at one of these ETags, or was ever written (`*`). */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description Answers 304 if the record is still at one of these ETags. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Percent-encoded. */
                id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is there. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserRecord"];
                };
            };
            /** @description It has not changed. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            412: components["responses"]["Error412"];
            429: components["responses"]["Error429"];
            503: components["responses"]["Error503"];
        };
    };
    replaceMetadata: {
        parameters: {
            query?: never;
            header?: {
                /** @description Writes only if the record is at one of these ETags, or was ever written (`*`). */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `*`: writes only if these scopes were never written. */
                "If-None-Match"?: components["parameters"]["IfAbsent"];
                /** @description The same request with the same key happens once. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Why, for the change log. */
                "Usermeta-Reason"?: components["parameters"]["Reason"];
                /** @description Kept in the change log. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Percent-encoded. */
                id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Changes"];
            };
        };
        responses: {
            /** @description The record as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserRecord"];
                };
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            409: components["responses"]["Error409"];
            412: components["responses"]["Error412"];
            413: components["responses"]["Error413"];
            415: components["responses"]["Error415"];
            422: components["responses"]["Error422"];
            429: components["responses"]["Error429"];
            503: components["responses"]["Error503"];
        };
    };
    clearMetadata: {
        parameters: {
            query?: {
                /** @description Clears this scope only. */
                scope?: components["parameters"]["Scope"];
            };
            header?: {
                /** @description Writes only if the record is at one of these ETags, or was ever written (`*`). */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `*`: writes only if these scopes were never written. */
                "If-None-Match"?: components["parameters"]["IfAbsent"];
                /** @description The same request with the same key happens once. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Why, for the change log. */
                "Usermeta-Reason"?: components["parameters"]["Reason"];
                /** @description Kept in the change log. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Percent-encoded. */
                id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The record as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserRecord"];
                };
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            409: components["responses"]["Error409"];
            412: components["responses"]["Error412"];
            422: components["responses"]["Error422"];
            429: components["responses"]["Error429"];
            503: components["responses"]["Error503"];
        };
    };
    updateMetadata: {
        parameters: {
            query?: never;
            header?: {
                /** @description Writes only if the record is at one of these ETags, or was ever written (`*`). */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `*`: writes only if these scopes were never written. */
                "If-None-Match"?: components["parameters"]["IfAbsent"];
                /** @description The same request with the same key happens once. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Why, for the change log. */
                "Usermeta-Reason"?: components["parameters"]["Reason"];
                /** @description Kept in the change log. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Percent-encoded. */
                id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Changes"];
                "application/merge-patch+json": components["schemas"]["Changes"];
                "application/json-patch+json": components["schemas"]["JsonPatch"];
            };
        };
        responses: {
            /** @description The record as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserRecord"];
                };
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            409: components["responses"]["Error409"];
            412: components["responses"]["Error412"];
            413: components["responses"]["Error413"];
            415: components["responses"]["Error415"];
            422: components["responses"]["Error422"];
            429: components["responses"]["Error429"];
            503: components["responses"]["Error503"];
        };
    };
    eraseUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Percent-encoded. */
                id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            429: components["responses"]["Error429"];
            503: components["responses"]["Error503"];
        };
    };
    getHistory: {
        parameters: {
            query?: {
                /** @description How many at most. */
                limit?: components["parameters"]["Limit"];
                /** @description `next` of the page before, unchanged. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path: {
                /** @description Percent-encoded. */
                id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is there. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangePage"];
                };
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            429: components["responses"]["Error429"];
            503: components["responses"]["Error503"];
        };
    };
    revertChange: {
        parameters: {
            query?: never;
            header?: {
                /** @description Writes only if the record is at one of these ETags, or was ever written (`*`). */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `*`: writes only if these scopes were never written. */
                "If-None-Match"?: components["parameters"]["IfAbsent"];
                /** @description The same request with the same key happens once. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Why, for the change log. */
                "Usermeta-Reason"?: components["parameters"]["Reason"];
                /** @description Kept in the change log. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Percent-encoded. */
                id: components["parameters"]["UserId"];
                /** @description `id` of a change. */
                changeId: components["parameters"]["ChangeId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The record as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserRecord"];
                };
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            404: components["responses"]["Error404"];
            409: components["responses"]["Error409"];
            412: components["responses"]["Error412"];
            422: components["responses"]["Error422"];
            429: components["responses"]["Error429"];
            503: components["responses"]["Error503"];
        };
    };
    exportUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Percent-encoded. */
                id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is there. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserExport"];
                };
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            429: components["responses"]["Error429"];
            503: components["responses"]["Error503"];
        };
    };
    listUsers: {
        parameters: {
            query?: {
                /** @description JSON: up to 8 terms on `scope.key.key`, all of which must hold. A term is a scalar or one of `in`, `gt`, `gte`, `lt`, `lte`, `exists`. The path must be indexed by the store. */
                where?: components["parameters"]["Where"];
                /** @description How many at most. */
                limit?: components["parameters"]["Limit"];
                /** @description `next` of the page before, unchanged. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is there. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserPage"];
                };
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            429: components["responses"]["Error429"];
            501: components["responses"]["Error501"];
            503: components["responses"]["Error503"];
        };
    };
    getManyMetadata: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserIds"];
            };
        };
        responses: {
            /** @description What is there. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Users"];
                };
            };
            400: components["responses"]["Error400"];
            401: components["responses"]["Error401"];
            403: components["responses"]["Error403"];
            413: components["responses"]["Error413"];
            415: components["responses"]["Error415"];
            429: components["responses"]["Error429"];
            503: components["responses"]["Error503"];
        };
    };
}
