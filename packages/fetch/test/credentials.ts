/** What `worker.ts` takes tokens by; its test signs them. */
export const issuer = "https://issuer.test/";
export const audience = "https://api.test";
export const secret = "a secret of this test that holds at least 32 bytes";
export const key = "an admin key of at least 32 characters";
