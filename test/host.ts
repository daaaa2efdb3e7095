// Serves one binding for tests that need a process of their own:
//
//   echo '{"verifier":{…}}' | node --conditions=@usermeta/source test/host.ts <binding>
//
// Prints `listening <port>`. See host/config.ts for the configuration.
import { bindings } from "./host/bindings.ts";
import { type Config, toApplication } from "./host/config.ts";

/** The first JSON object on standard input, which may stay open behind it. */
async function readConfig(): Promise<Config> {
  let text = "";
  for await (const chunk of process.stdin.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    const config = parse(text);
    if (config !== undefined) return config;
  }
  throw new Error("standard input must be one JSON object");
}

function parse(text: string): Config | undefined {
  try {
    return JSON.parse(text) as Config;
  } catch {
    return undefined; // there is more to come
  }
}

async function start(name: string | undefined): Promise<void> {
  const binding = bindings[name ?? ""];
  if (binding === undefined) throw new Error(`name a binding: ${Object.keys(bindings).join(", ")}`);
  const application = await toApplication(await readConfig());
  const server = await (await binding())(application);
  process.stdin.unref();

  const end = async () => {
    await server.close();
    await application.meta.close();
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void end());
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || void end(), 500).unref(); // whoever started it was killed
  process.stdout.write(`listening ${server.port}\n`);
}

start(process.argv[2]).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
