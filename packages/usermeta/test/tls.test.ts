import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { generate } from "selfsigned";
import { expect, it } from "vitest";
import { scratchFolder, serve, start } from "./served.ts";

/** Writes a new certificate for localhost over the old one, and returns it. */
async function certify(folder: string): Promise<string> {
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
  });
  writeFileSync(join(folder, "cert.pem"), cert);
  writeFileSync(join(folder, "key.pem"), key);
  return cert;
}

const files = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];

/** Asks over a new connection, trusting nothing but that certificate. */
async function ask(url: string, ca: string): Promise<{ status: number | undefined; protocol: string | null }> {
  const options = { ca, servername: "localhost", agent: false };
  const [response] = (await once(request(`${url}/healthz`, options).end(), "response")) as [
    { statusCode?: number; socket: TLSSocket; resume(): void },
  ];
  const protocol = response.socket.getProtocol();
  response.resume();
  return { status: response.statusCode, protocol };
}

it("serves TLS by certificate files, and reads them again on SIGHUP", async () => {
  const folder = scratchFolder();
  const first = await certify(folder);
  const { url, child, line } = await serve(["--store", "memory:", "--host", "localhost", ...files], { folder });
  expect(url).toMatch(/^https:\/\/localhost:\d+$/);
  expect(await ask(url, first)).toEqual({ status: 200, protocol: "TLSv1.3" });

  writeFileSync(join(folder, "key.pem"), "no key");
  child.kill("SIGHUP");
  await line("certificate kept: the new one cannot be used");
  expect(await ask(url, first)).toMatchObject({ status: 200 });

  const second = await certify(folder);
  child.kill("SIGHUP");
  await line("certificate read again");
  expect(await ask(url, second)).toMatchObject({ status: 200 });
  await expect(ask(url, first)).rejects.toThrow();
});

it.each([
  ["missing", undefined],
  ["not PEM", "no certificate"],
])("does not start with files that are %s", async (_what, text) => {
  const folder = scratchFolder();
  if (text !== undefined) for (const file of ["cert.pem", "key.pem"]) writeFileSync(join(folder, file), text);
  const { ended, printed } = start(["serve", "--store", "memory:", ...files], { folder });
  expect([await ended, printed()]).toEqual([2, expect.stringContaining("PEM")]);
});
