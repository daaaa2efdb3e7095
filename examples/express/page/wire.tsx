import type { User } from "@usermeta/react";
import { useSyncExternalStore } from "react";
import { type Exchange, lastExchange, pretty, subscribe } from "./requests.ts";

/** The last request as a curl line, and its answer. */
export function Wire({ user }: { readonly user: User }) {
  const last = useSyncExternalStore(subscribe, lastExchange);
  return (
    <section className="card wire" aria-labelledby="wire-title">
      <h2 id="wire-title">The last request</h2>
      <pre id="wire-request">{last && curlLine(last, user.id)}</pre>
      <p className="hint">
        {last?.status === undefined
          ? "The demo does not answer. Is it still running?"
          : `${last.status}${last.etag ? `, ETag ${last.etag}` : ""}`}
      </p>
      <details>
        <summary>Its answer</summary>
        <pre>{last?.answer ? prettyText(last.answer) : "(no body)"}</pre>
      </details>
      <p className="hint">
        Run it in a terminal in which you have pasted the tokens that the demo printed when it started.
      </p>
    </section>
  );
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** With the user's token where the browser sent its cookie. */
function curlLine({ method, url, headers, body }: Exchange, userId: string): string {
  const parts = [`curl -s ${quote(url)}`];
  if (method !== "GET") parts.push(`-X ${method}`);
  parts.push(`-H "authorization: Bearer $${userId.toUpperCase()}"`);
  for (const [name, value] of headers) parts.push(`-H ${quote(`${name}: ${value}`)}`);
  if (body !== "") parts.push(`-d ${quote(body)}`);
  return parts.join(" ");
}

function prettyText(text: string): string {
  try {
    return pretty(JSON.parse(text));
  } catch {
    return text; // a page of the framework
  }
}
