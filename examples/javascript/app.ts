import { fileURLToPath } from "node:url";
import { metadataRoutes, type UserMeta } from "@usermeta/core";
import { mount } from "@usermeta/express";
import { build } from "esbuild";
import express, { type Express } from "express";

/** A page in plain JavaScript, and the routes that it uses. */
export async function createApp(meta: UserMeta): Promise<Express> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(import.meta.resolve("@usermeta/client"))], // your bundler does this, or a CDN
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
  });
  const app = express();
  app.use("/usermeta", mount(metadataRoutes(meta)));
  app.get("/client.js", (_req, res) => void res.type("js").send(outputFiles[0]?.text));
  app.use(express.static(fileURLToPath(new URL("page", import.meta.url))));
  return app;
}
