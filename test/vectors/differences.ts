/** A case that is answered in another way than it says, or that is not run at all, and why. */
interface Difference {
  readonly file: "jwt_cases.json" | "json_cases.json" | "http_cases.json";
  readonly cases: string;
  readonly applies: (testCase: {
    readonly id: string;
    readonly group: string;
    readonly path: string | undefined;
  }) => boolean;
  readonly reason: string;
  /** Where it is so. @default everywhere */
  readonly bindings?: readonly string[];
  /** The status that is answered instead; without it the case is not run. */
  readonly status?: number;
}

/** Every explained difference between the vectors and this code; the architecture has the last word. */
const differences: readonly Difference[] = [
  {
    file: "http_cases.json",
    cases: "console-login-timing",
    applies: ({ id }) => id === "console-login-timing",
    reason:
      "the console has no accounts: it takes an admin key, compared in constant time, or the application's session",
  },
  {
    file: "http_cases.json",
    cases: "console-csv",
    applies: ({ id }) => id === "console-csv",
    reason: "the console exports JSON only",
  },
  {
    file: "http_cases.json",
    cases: "method-CONNECT",
    applies: ({ id }) => id === "method-CONNECT",
    reason: "Node closes the connection of a CONNECT request itself: no framework and no binding ever sees it",
    status: 0,
  },
  {
    file: "http_cases.json",
    cases: "idor-patch-back, idor-*-dslash, idor-*-trail, idor-*-abs, adminid-bad-empty",
    applies: ({ id }) => /^idor-\w+-(?:back|dslash|trail|abs)$|^adminid-bad-empty$/.test(id),
    reason: "Next redirects such targets to their clean form, which then matches or does not, before it calls anybody",
    bindings: ["nextjs", "nextjs-pages"],
    status: 308,
  },
  {
    file: "http_cases.json",
    cases: "method-TRACE",
    applies: ({ id }) => id === "method-TRACE",
    reason: "Next's app router cannot make a Request of it, and answers for itself",
    bindings: ["nextjs"],
    status: 500,
  },
  {
    file: "http_cases.json",
    cases: "method-QUERY",
    applies: ({ id }) => id === "method-QUERY",
    reason: "Next's app router knows only the methods that a route can export",
    bindings: ["nextjs"],
    status: 400,
  },
];

/** Why a case is not run; `undefined` when it is. */
export function differenceOf(file: Difference["file"], id: string, group: string, path?: string): string | undefined {
  return differences.find((one) => one.file === file && one.status === undefined && one.applies({ id, group, path }))
    ?.reason;
}

/** Statuses that a case does not list, and that are right all the same. */
export function explainedStatuses(file: Difference["file"], id: string, binding: string): readonly number[] {
  const applying = differences.filter(
    (one) =>
      one.file === file &&
      one.applies({ id, group: "", path: undefined }) &&
      (one.bindings === undefined || one.bindings.includes(binding)),
  );
  return applying.flatMap(({ status }) => (status === undefined ? [] : [status]));
}

/** Parts of cases that no test can see, and why. */
const unchecked = [
  "adminkey-bruteforce, expect.logged: usermeta writes no log of its own; the application sees each 429",
  "console-xss-*, expect.headlessBrowser: here the data on the wire; test/browser/console opens the page in Chromium",
  "log-*, password: no part of usermeta ever holds a password",
];

/** Prints the table of explained differences. */
export function printDifferences(): void {
  const rows = differences.map(
    ({ file, cases, reason, status, bindings = ["everywhere"] }) =>
      `  ${file}: ${cases}: ${bindings.join(", ")}: ${status ?? "not run"}: ${reason}`,
  );
  console.log(["explained differences", ...rows, ...unchecked.map((row) => `  unchecked: ${row}`)].join("\n"));
}
