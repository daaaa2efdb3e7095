import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** dynalite as a process of its own, so that it can be killed and frozen; it ends with whoever holds its standard input. */
const { default: dynalite } = (await import("dynalite" as string)) as { default: (options: object) => Server };
const [port = "0", path] = process.argv.slice(2);
const instant = { createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 };
const server = dynalite({ ...instant, path }).listen(Number(port), "127.0.0.1", () => {
  console.log(`port ${(server.address() as AddressInfo).port}`);
});
process.stdin.resume().once("end", () => process.exit());
