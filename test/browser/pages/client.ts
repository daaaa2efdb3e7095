import { createClient, type TokenProvider } from "@usermeta/client";

// A page without a framework: it shows what it knows, and tests call its client.
const query = new URLSearchParams(location.search);
const renewCookie: TokenProvider = async ({ refresh }) => {
  if (refresh) await fetch(`/refresh/${query.get("refresh")}`, { method: "POST" });
  return undefined;
};
const bearer: TokenProvider = async () => (await fetch(`/token/${query.get("token")}`)).text();
const client = createClient({
  url: `${query.get("api") ?? ""}/usermeta`,
  ...(query.has("refresh") && { token: renewCookie }),
  ...(query.has("token") && { token: bearer }),
});
const output = document.getElementById("root") as HTMLElement;
const show = () => {
  output.textContent = client.error()?.code ?? JSON.stringify(client.current()?.unsafe ?? null);
};
client.subscribe(show);
show();
Object.assign(globalThis, { client, shown: () => output.textContent });
