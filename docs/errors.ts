// Writes errors.md beside this file: `pnpm run docs`. `test/docs.test.ts` fails when that was forgotten.
import { writeFileSync } from "node:fs";
import { type ErrorCode, errorResponse, errorTable, UserMetaError } from "@usermeta/core";

const codes = Object.keys(errorTable) as ErrorCode[];
const atStart: ErrorCode = "invalid_config";

/** Reason phrases of RFC 9110; Node's own table changes with its versions. */
const phrases: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

const example = errorResponse(
  new UserMetaError("scope_too_large", "the scope would have 3412 characters; 3000 are allowed", {
    pointer: "/unsafe",
  }),
);

/** The text of `errors.md`. */
export function errorsPage(): string {
  const statuses = [...new Set(codes.filter((code) => code !== atStart).map((code) => errorTable[code][0]))];
  const sections = statuses
    .sort((a, b) => a - b)
    .map((status) =>
      section(
        `${status} ${phrases[status]}`,
        codes.filter((code) => code !== atStart && errorTable[code][0] === status),
      ),
    );
  return `${[introduction, ...sections, section("At start", [atStart])].join("\n\n")}\n`;
}

const introduction = `# Errors

<!-- Made from packages/core/src/errors.ts by \`pnpm run docs\`: change that table, not this page. -->

In code every error is a \`UserMetaError\` with a \`code\`. Over HTTP it is \`application/problem+json\`
([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with the same code; a code never changes its meaning. \`detail\` says
what was wrong and never repeats input, \`pointer\` is a JSON Pointer to the part of the body that is at fault, where one
helps. A 401 carries \`WWW-Authenticate\`, a 503 carries \`Retry-After\`.

\`\`\`http
HTTP/1.1 ${example.status} ${phrases[example.status]}
content-type: ${example.headers["content-type"]}
cache-control: ${example.headers["cache-control"]}

${JSON.stringify(JSON.parse(example.body as string), null, 2)}
\`\`\``;

function section(title: string, members: readonly ErrorCode[]): string {
  const rows = members.map((code) => `| \`${code}\` | ${errorTable[code][1]} | ${errorTable[code][2]} |`);
  return [`## ${title}`, "", "| code | title | what to do |", "|---|---|---|", ...rows].join("\n");
}

if (import.meta.main) writeFileSync(new URL("errors.md", import.meta.url), errorsPage());
