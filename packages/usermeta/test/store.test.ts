import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createUserMeta } from "@usermeta/core";
import { openStore } from "usermeta";
import { afterAll, describe, expect, it } from "vitest";
import { dynamodb, mysql, postgres, redis } from "../../../test/servers.ts";

const folder = mkdtempSync(join(tmpdir(), "usermeta-open-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function roundTrip(url: string): Promise<unknown> {
  const verifier = () => {
    throw new Error("no session is verified here");
  };
  const meta = createUserMeta({
    store: await openStore(url, { namespace: "open", indexes: ["public.plan"] }),
    verifier,
  });
  await meta.update("u", { public: { plan: "pro" } });
  const { public: read } = await meta.get("u");
  await meta.close();
  return read;
}

describe("A store's URL", () => {
  it.each(["memory:", `sqlite:${join(folder, "usermeta.db")}`])("opens %s", async (url) => {
    expect(await roundTrip(url)).toEqual({ plan: "pro" });
  });

  it.for([
    ["PostgreSQL", postgres],
    ["MariaDB", mysql],
    ["Redis", () => redis()],
    ["DynamoDB's emulator", dynamodb],
  ] as const)("opens %s, with its schema", async ([_name, start], context) => {
    const server = await start();
    if (server === undefined) return context.skip("the server is not installed");
    const url = server.label === "dynalite" ? `dynamodb://eu-central-1/usermeta?endpoint=${server.url}` : server.url;
    expect(await roundTrip(url)).toEqual({ plan: "pro" });
    await server.stop();
  });

  it.each(["", "usermeta.db", "mongodb://x", "sqlite"])("is refused as %j", async (url) => {
    await expect(openStore(url)).rejects.toMatchObject({ code: "invalid_config" });
  });
});
