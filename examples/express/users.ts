/** Whom the demo signs in, without a password. */
export const users = [
  { userId: "ada", name: "Ada Lovelace", role: "admin" },
  { userId: "grace", name: "Grace Hopper", role: "member" },
  { userId: "alan", name: "Alan Turing", role: "member" },
] as const;
/** Who somebody is in the demo. */
export type DemoUser = (typeof users)[number];
