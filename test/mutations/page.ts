import { attacks, type Mutation } from "./mutations.ts";

/** Whether a test failed without the defence. */
export type Outcomes = Map<Mutation, boolean>;

/** The text of `docs/attacks.md`. */
export function attacksPage(outcomes: Outcomes): string {
  const rows = attacks.flatMap(({ source, attack, defences }) =>
    Object.entries(defences).map(([defence, mutation], i) =>
      row(
        i === 0 ? source : "",
        i === 0 ? attack : "",
        defence,
        `\`${mutation.file}\``,
        outcomes.get(mutation) ? "fails" : "**passes**",
      ),
    ),
  );
  const killed = [...outcomes.values()].filter(Boolean).length;
  return `# Attacks and defences

Published attacks on guards and on the verification of tokens, the defences against each, and whether a test fails when
exactly that defence is taken out of the source: ${killed} of ${rows.length} do. \`pnpm run mutations\` takes them out one after the other and
writes this page; \`test/mutations\` says how each is done. \`pnpm test\` fails when an entry no longer fits the source.

${row("source", "attack", "defence", "in `packages/`", "without it a test")}
|---|---|---|---|---|
${rows.join("\n")}

Others have no line of code that could be taken out:

- **Guards that match paths (CVE-2026-41248), prefixes of middie and @fastify/express (CVE-2026-2880, CVE-2026-33808,
  CVE-2026-14198).** There is no matcher: a guard belongs to the route that it was given to. \`test/guarded.test.ts\`
  asks servers with lenient routers for a guarded route in every spelling, and \`identical.test.ts\` every binding.
- **Next's middleware (CVE-2025-29927)** is no guard of ours: \`test/bindings/nextjs.test.ts\` asks a built site.
`;
}

const row = (...cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
