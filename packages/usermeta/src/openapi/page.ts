import { createHash } from "node:crypto";
import { headers as headerComponents, type ParameterName, parameters, schemas } from "./components.ts";
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
<h2>Schemas</h2>${Object.entries(schemas).map(schemaSection).join("")}
</main></body></html>
`;
}

interface Row {
  readonly method: string;
  readonly path: string;
  readonly operation: OpenApiOperation;
}

function section({ method, path, operation }: Row, prefix: string): string {
  const { operationId, summary, description, parameters: references = [], requestBody, responses } = operation;
  return `<section id="${operationId}">
<h3>${badge(method)} <code>${escapeHtml(prefix + path)}</code></h3>
<p><strong>${escapeHtml(summary)}.</strong> ${prose(description ?? "")}</p>
${table(
  "Parameters",
  references.map(({ $ref }) => parameterRow(nameOf($ref) as ParameterName)),
)}
${table("Body", bodyRows(requestBody?.content ?? {}))}
${table("Answers", Object.entries(responses).map(answerRow))}
</section>`;
}

function parameterRow(name: ParameterName): readonly string[] {
  const { name: sent, in: place, description } = parameters[name];
  return [`<code>${escapeHtml(sent)}</code>`, place, prose(description)];
}

function bodyRows(content: NonNullable<OpenApiOperation["requestBody"]>["content"]): readonly (readonly string[])[] {
  return Object.entries(content).map(([type, { schema }]) => [`<code>${escapeHtml(type)}</code>`, link(schema.$ref)]);
}

function answerRow([status, response]: [string, object]): readonly string[] {
  const {
    $ref,
    description = "",
    content,
    headers,
  } = response as {
    readonly $ref?: string;
    readonly description?: string;
    readonly content?: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>>;
    readonly headers?: Readonly<Record<string, object>>;
  };
  const schema = content?.["application/json"]?.schema.$ref;
  const names = Object.keys(headers ?? {}).filter((name) => name in headerComponents);
  const text = [
    $ref === undefined
      ? prose(description)
      : `${link("#/components/schemas/Problem")}: see the error's <code>code</code>`,
    schema === undefined ? "" : link(schema),
    names.map((name) => `<code>${escapeHtml(name)}</code>`).join(" "),
  ];
  return [`<code>${status}</code>`, text.filter((part) => part !== "").join(" · ")];
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
td { border-top: 1px solid var(--line); padding: .35rem .75rem .35rem 0; vertical-align: top; overflow-wrap: anywhere; }
td:first-child { white-space: nowrap; }
`;

/** What the page may do: show its own style. */
export const pagePolicy: string = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
