import { expect, it } from "vitest";
import { bundle, gzippedBytes } from "./bundle.ts";

/** What people download for these exports, minified and gzipped; React is theirs already. */
const sizeOf = async (...names: readonly string[]): Promise<number> => {
  const script = await bundle(names.map((name) => `export * from "@usermeta/${name}";`).join("\n"), {
    minify: true,
    external: ["react"],
  });
  for (const foreign of ["standard-schema", "jose", "store_unavailable"])
    expect(script, "nothing of the server comes along").not.toContain(foreign);
  return gzippedBytes(script);
};

it("the client has at most 4,000 bytes", async () => {
  expect(await sizeOf("client")).toBeLessThanOrEqual(4000);
});

it("the hooks with the client have at most 6,000 bytes", async () => {
  expect(await sizeOf("client", "react")).toBeLessThanOrEqual(6000);
});
