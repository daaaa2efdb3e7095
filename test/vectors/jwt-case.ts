/** One case of `jwt_cases.json`; `README.md` beside it explains the fields. */
export interface JwtCase {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly profile?: string;
  readonly build?: object;
  readonly tokens?: object;
  readonly request?: {
    readonly method: string;
    readonly path: string;
    readonly headers: readonly (readonly [string, string])[];
    readonly body?: string;
  };
  readonly config?: Readonly<Record<string, unknown>>;
  readonly steps?: readonly string[];
  readonly expect: {
    readonly status?: number;
    readonly alsoOk?: readonly number[];
    readonly wwwAuthenticate?: string;
    readonly noOutbound?: boolean;
    readonly noWrite?: boolean;
    readonly all?: number;
    readonly last?: number;
    readonly statuses?: readonly number[];
    readonly jwksFetches?: number;
    readonly jwksFetchesMax?: number;
    readonly rssGrowthMaxMiB?: number;
    readonly goodTrafficP99MaxMs?: number;
    readonly retryAfter?: boolean;
    readonly timeoutMaxMs?: number;
  };
}

/** `jwt-build.mjs`: its keys are made when it is loaded. */
export interface JwtBuild {
  readonly JWKS: { readonly keys: readonly object[] };
  readonly ISS: string;
  readonly AUD: string;
  readonly hmac1: Uint8Array;
  readonly token: (build?: object) => string;
  requestBytes(testCase: JwtCase): { readonly bytes: Uint8Array; readonly token: string };
}
