/**
 * The cookies in which the vendors' own browser code keeps the session token as it is, for `cookie` of `createUserMeta`.
 * Others keep none there, or only an encrypted one that nobody else can read.
 *
 * ```ts
 * createUserMeta({ store, verifier: jwtVerifier(clerk({ … })), cookie: cookies.clerk, origins: ["https://app.example"] });
 * ```
 *
 * - Clerk: https://clerk.com/docs/guides/sessions/manual-jwt-verification
 * - Hanko: https://docs.hanko.io/guides/session-management
 * - SuperTokens: https://supertokens.com/docs/additional-verification/session-verification/protect-api-routes/manual-jwt-verification
 */
export const cookies: Readonly<Record<"clerk" | "hanko" | "superTokens", { readonly name: string }>> = {
  clerk: { name: "__session" },
  hanko: { name: "hanko" },
  superTokens: { name: "sAccessToken" },
};
