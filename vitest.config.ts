import { defineConfig } from "vitest/config";

// Not "module": some packages keep bundler-only files behind it.
const conditions = ["@usermeta/source", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@usermeta/source", "node", "module-sync"] } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    execArgv: ["--conditions=@usermeta/source"],
    reporters: ["default", "./test/closing-line.ts"],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
