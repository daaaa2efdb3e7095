export type {
  ClaimFunction,
  Claims,
  ClaimTemplate,
  ReservedClaim,
} from "./claims.ts";
export { fixedKeys } from "./fixed-keys.ts";
export { type SessionIssuerOptions, sessionIssuer } from "./issuer.ts";
export type { KeyRing, SigningAlgorithm, SigningKey, SigningKeys } from "./keys.ts";
export { memoryKeys } from "./memory-keys.ts";
export type { RotationOptions } from "./rotation.ts";
