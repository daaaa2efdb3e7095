import type { JWK } from "jose";

/** Algorithms that tokens are signed with. */
export type Algorithm = "RS256" | "ES256";

/** What a server is started with. Travels between processes as JSON. */
export interface Setup {
  /** Where the issuer's documents lie; it is the tokens' `iss` too. */
  readonly issuer: string;
  readonly audience: string;
  readonly algorithm: Algorithm;
  /** The issuer's one key of that algorithm, in both spellings. */
  readonly jwk: JWK;
  readonly pem: string;
  /** Where the parts that need one find a database, and how many users are in it. */
  readonly database?: string;
  readonly users: number;
  /** Bytes of each record. @default 1000 */
  readonly recordBytes?: number;
}

/** Answers one call in the process itself, where there is no server. */
export type Call = (token: string) => Promise<unknown>;

/** Starts a server of its own with one route at `/`, and resolves to its port. */
export type Contender = (setup: Setup) => Promise<number | Call>;

/** Contenders of one framework by name; the first, `bare`, is what the others are held against. */
export type Contenders = Readonly<Record<string, Contender>>;

/** What every route of the guards answers. */
export const hello = { hello: "world" };
