// Writes api.d.ts beside this file: `pnpm run docs`. `openapi.test.ts` fails when that was forgotten.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";

const main = fileURLToPath(new URL("../../packages/usermeta/src/main.ts", import.meta.url));
const header = `// Made from the route tables by \`pnpm run docs\`: change those, not this.
// biome-ignore-all lint: generated
// biome-ignore-all format: generated
// oxlint-disable
`;

/** What `usermeta openapi` prints. */
export function printedDocument(...args: readonly string[]): object {
  const node = ["--conditions=@usermeta/source", main, "openapi", ...args];
  return JSON.parse(execFileSync(process.execPath, node, { encoding: "utf8" })) as object;
}

/** The types of a client, as people generate them. */
export async function clientTypes(): Promise<string> {
  return header + astToString(await openapiTS(printedDocument() as OpenAPI3));
}

if (import.meta.main) writeFileSync(new URL("api.d.ts", import.meta.url), await clientTypes());
