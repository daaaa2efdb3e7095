export { type Mount, type Mounting, type Quirks, testBinding } from "./binding.ts";
export { type TestStoreOptions, testStore } from "./store.ts";
export { mintToken, type TestVerifier, testVerifier } from "./token.ts";
