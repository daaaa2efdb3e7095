/** Runs before the first request is served: what is wrong with the configuration shows at once. */
export async function register(): Promise<void> {
  if (process.env["NEXT_RUNTIME"] !== "nodejs") return;
  await import("./usermeta.ts");
  await import("@usermeta/nextjs"); // which listens for a second Authorization line
}
