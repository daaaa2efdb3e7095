import type { Demo } from "./demo.ts";
import { users } from "./users.ts";

/** One request of the tour, and what to expect of it. */
interface Step {
  readonly says: string;
  readonly as: "ADA" | "GRACE";
  readonly method?: string;
  readonly path: string;
  readonly body?: object;
}

const own = "/usermeta/me/metadata";
const grace = "/usermeta/admin/users/grace";
const start = { preferences: { theme: "dark" }, notifications: { email: true }, todos: ["use-text-notifs"] };
const update = { notifications: { sms: true }, todos: null };
const pro = encodeURIComponent('{"public.plan":"pro"}');

const steps: readonly Step[] = [
  { says: "Grace reads what she may see of herself: public and unsafe, never private", as: "GRACE", path: own },
  { says: "She replaces what is hers to write", as: "GRACE", method: "PUT", path: own, body: { unsafe: start } },
  {
    says: "She updates it: root keys are replaced whole, null removes one, the others stay",
    as: "GRACE",
    method: "PATCH",
    path: own,
    body: { unsafe: update },
  },
  {
    says: "She cannot promote herself: public is refused (scope_forbidden), and nothing is written",
    as: "GRACE",
    method: "PATCH",
    path: own,
    body: { public: { plan: "enterprise" } },
  },
  {
    says: "The application keeps something private about her; she cannot see it in step 1",
    as: "GRACE",
    method: "POST",
    path: "/updateinfo",
  },
  { says: "Its own handlers read the private scope", as: "GRACE", path: "/preferences" },
  {
    says: "Ada, an administrator, writes Grace's public metadata",
    as: "ADA",
    method: "PATCH",
    path: `${grace}/metadata`,
    body: { public: { plan: "enterprise" } },
  },
  { says: "Ada sees all three scopes", as: "ADA", path: `${grace}/metadata` },
  { says: "Who wrote what and when, newest first", as: "ADA", path: `${grace}/history?limit=3` },
  { says: "Everybody whose plan is pro", as: "ADA", path: `/usermeta/admin/users?where=${pro}` },
];

/** The tour as shell lines: a token each, then one request per step. */
export async function curlLines(origin: string, mint: Demo["mint"]): Promise<string> {
  const tokens = await Promise.all(users.map(async (user) => `${user.userId.toUpperCase()}='${await mint(user)}'`));
  const lines = steps.map(({ says, as, method, path, body }, i) => {
    const options = [
      ...(method === undefined ? [] : [`-X ${method}`]),
      `-H "authorization: Bearer $${as}"`,
      ...(body === undefined ? [] : ["-H 'content-type: application/json'", `-d '${JSON.stringify(body)}'`]),
    ];
    return `# ${i + 1}. ${says}\ncurl -s '${origin}${path}' ${options.join(" ")}; echo`;
  });
  return [...tokens, "", lines.join("\n\n")].join("\n");
}
