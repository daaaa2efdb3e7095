import { createHash } from "node:crypto";
import { errorTable } from "@usermeta/core";
import { type ParameterName, parameters, type SchemaName, schemas } from "./components.ts";
import type { OpenApiDocument, OpenApiOperation } from "./document.ts";

/** The document as a page to read: no script, nothing from elsewhere. */
export function openApiPage(document: OpenApiDocument, { prefix = "" }: { readonly prefix?: string } = {}): string {
  const { info, tags } = document as OpenApiDocument & {
    readonly info: { readonly title: string; readonly version: string; readonly description: string };
    readonly tags: readonly { readonly name: string; readonly description: string }[];
  };
  const rows = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const chapters = tags.map(({ name, description }) => {
    const members = rows.filter(({ operation }) => operation.tags.includes(name));
    return `<h2>${escapeHtml(description)}</h2>${members.map((row) => section(row, prefix)).join("")}`;
  });
  const contents = rows.map(
    ({ method, path, operation }) =>
      `<li><a href="#${operation.operationId}">${badge(method)} <code>${escapeHtml(path)}</code></a> ${escapeHtml(operation.summary)}</li>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(info.title)} API</title><style>${style}</style></head><body><main>
<h1>${escapeHtml(info.title)} <small>${escapeHtml(info.version)}</small></h1>
<p>${prose(info.description)}</p>
<p>The same for machines: <a href="openapi.json">openapi.json</a> (OpenAPI ${escapeHtml(document.openapi)}).</p>
<nav aria-label="Operations"><ul>${contents.join("")}</ul></nav>
${chapters.join("\n")}
<h2>What goes wrong, and what to do about it</h2>${errorSection()}
<h2>Schemas</h2>${Object.entries(schemas).map(schemaSection).join("")}
</main></body></html>
`;
}

interface Row {
  readonly method: string;
  readonly path: string;
  readonly operation: OpenApiOperation;
}

function section(row: Row, prefix: string): string {
  const { method, path, operation } = row;
  const { operationId, summary, description, parameters: references = [], requestBody, responses } = operation;
  return `<section id="${operationId}">
<h3>${badge(method)} <code>${escapeHtml(prefix + path)}</code></h3>
<p><strong>${escapeHtml(summary)}.</strong> ${prose(description ?? "")}</p>
${curl(row, prefix)}
${table(
  "Parameters",
  references.map(({ $ref }) => parameterRow(nameOf($ref) as ParameterName)),
)}
${table("Body", bodyRows(requestBody?.content ?? {}))}
${table("Answers", answerRows(responses))}
</section>`;
}

function parameterRow(name: ParameterName): readonly string[] {
  const { name: sent, in: place, description } = parameters[name];
  return [`<code>${escapeHtml(sent)}</code>`, place, prose(description)];
}

function bodyRows(content: NonNullable<OpenApiOperation["requestBody"]>["content"]): readonly (readonly string[])[] {
  return Object.entries(content).map(([type, { schema }]) => [`<code>${escapeHtml(type)}</code>`, link(schema.$ref)]);
}

function answerRows(responses: OpenApiOperation["responses"]): readonly (readonly string[])[] {
  const [good, bad] = [true, false].map((wanted) =>
    Object.entries(responses).filter(([status]) => status < "4" === wanted),
  );
  return [
    ...(good ?? []).map(([status, response]) => [`<code>${status}</code>`, successText(response as Success)]),
    ...(bad?.length ? [[bad.map(([status]) => code(status)).join(" "), '<a href="#errors">Errors</a>']] : []),
  ];
}

interface Success {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>>;
  readonly headers?: Readonly<Record<string, object>>;
}

function successText({ description, content, headers = {} }: Success): string {
  const schema = Object.values(content ?? {})[0]?.schema.$ref;
  const parts = [
    prose(description),
    schema === undefined ? "" : link(schema),
    Object.keys(headers).map(code).join(" "),
  ];
  return parts.filter((part) => part !== "").join(" · ");
}

/** The request as it is typed; a body comes from its schema's example. */
function curl({ method, path, operation }: Row, prefix: string): string {
  const schema = operation.requestBody?.content["application/json"]?.schema.$ref;
  const { examples = [] } = (schema === undefined ? {} : schemas[nameOf(schema) as SchemaName]) as {
    examples?: unknown[];
  };
  const url = `${prefix}${path.replace("{id}", "ada").replace("{changeId}", "CHANGE_ID")}`;
  const body =
    schema === undefined ? "" : ` \\\n  -H 'content-type: application/json' -d '${JSON.stringify(examples[0])}'`;
  const key = operation.tags.includes("own") ? "SESSION_TOKEN" : "USERMETA_ADMIN_KEY";
  const credentials = operation.security.length === 0 ? "" : ` -H "authorization: Bearer $${key}"`;
  const verb = method === "GET" ? "" : `-X ${method} `;
  return `<pre>${escapeHtml(`curl ${verb}"$URL${url}"${credentials}${body}`)}</pre>`;
}

function errorSection(): string {
  const rows = Object.entries(errorTable)
    .filter(([name]) => name !== "invalid_config") // thrown at start only
    .map(([name, [status, title, help]]) => [
      `<code>${status}</code>`,
      code(name),
      `${escapeHtml(title)}. ${prose(help)}`,
    ]);
  return `<section id="errors"><h3>Errors</h3><p>${link("#/components/schemas/Problem")} as <code>application/problem+json</code>.</p>
${table("By status and code", rows)}</section>`;
}

function schemaSection([name, schema]: [string, object]): string {
  const text = escapeHtml(JSON.stringify(schema, null, 2)).replaceAll(
    /&quot;#\/components\/schemas\/(\w+)&quot;/g,
    '<a href="#$1">$1</a>',
  );
  return `<details id="${name}"><summary><code>${name}</code></summary><pre>${text}</pre></details>`;
}

function table(title: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("");
  return `<table><caption>${title}</caption><tbody>${body}</tbody></table>`;
}

const code = (text: string): string => `<code>${escapeHtml(text)}</code>`;
const badge = (method: string): string => `<b class="${method.toLowerCase()}">${method}</b>`;
const nameOf = (reference: string): string => reference.slice(reference.lastIndexOf("/") + 1);
const link = (reference: string): string => `<a href="#${nameOf(reference)}">${nameOf(reference)}</a>`;
/** Text of ours, in which backquotes mark code. */
const prose = (text: string): string => escapeHtml(text).replaceAll(/`([^`]*)`/g, "<code>$1</code>");

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#d9dde3, #3a4048); --soft: light-dark(#f5f6f8, #1e2227); }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 56rem; margin: 0 auto; padding: 2rem 1.25rem 6rem; }
h1 small { font-size: 1rem; font-weight: 400; opacity: .7; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; font-size: 1.25rem; }
h3 { font-size: 1.05rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
section { margin: 2rem 0; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: .5rem; }
section:target, details:target { outline: 2px solid light-dark(#2458d3, #86a9ff); }
nav ul { list-style: none; padding: 0; }
nav li { padding: .15rem 0; }
a { color: light-dark(#2458d3, #86a9ff); }
code, pre, b { font-family: ui-monospace, monospace; font-size: .88em; }
b { display: inline-block; min-width: 4.2em; }
.get { color: light-dark(#1a6b3c, #6fd39b); } .delete { color: light-dark(#a8231c, #ff9d96); }
.post, .put, .patch { color: light-dark(#7a4a00, #f0bd6a); }
pre { background: var(--soft); padding: 1rem; overflow: auto; border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; margin-top: .75rem; font-size: .93em; }
caption { text-align: start; font-weight: 600; padding: .2rem 0; }
td { border-top: 1px solid var(--line); padding: .35rem .75rem .35rem 0; vertical-align: top; overflow-wrap: break-word; }
td:first-child { width: 14rem; }
`;

/** What the page may do: show its own style. */
export const pagePolicy: string = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
