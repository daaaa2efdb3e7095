import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { clock, form, highest, report } from "../form.ts";
import type { Ground } from "../grounds.ts";
import { openMeta } from "../open.ts";
import { together, type Worker } from "../team.ts";

/** Milliseconds: the deadline of an operation, and what a busy machine may add. */
const answered = 2_000 + 800;
const recovered = 5_000;
/** Milliseconds that the servers are away for: so long that several deadlines pass. */
const away = form(3_500, 10_000);

/** E7: the servers are killed, or hang, for a while under load. */
export async function outage(
  store: string,
  { url, servers }: Ground,
  team: readonly Worker[],
  kind: "killed" | "frozen",
): Promise<void> {
  const namespace = `outage ${kind}`;
  const loading = together(team, "load", (name) => ({ namespace, name, clients: 12 }));
  await loading.opened;
  await setTimeout(500);
  const from = clock();
  if (kind === "killed") await Promise.all(servers.map((server) => server.kill()));
  else await Promise.all(servers.map((server) => server.freeze()));
  await setTimeout(away);
  const back = clock();
  if (kind === "killed") await Promise.all(servers.map((server) => server.start()));
  else for (const server of servers) server.thaw();
  const up = clock();
  await setTimeout(form(500, recovered)); // and until each client was answered
  for (const worker of team) worker.end();
  const loads = await loading.result; // rejects when a process ended, be it by an unhandled rejection
  const answers = loads.flatMap((load) => load.answers);
  const refused = answers.filter(({ code }) => code !== "ok");
  const clients = Map.groupBy(answers, ({ client }) => client);
  const firstOk = [...clients.values()].map((all) => all.find(({ code, at }) => code === "ok" && at > back)?.at);
  const meta = await openMeta(url, namespace);
  const written: Record<string, number> = {};
  for (const load of loads)
    for (const [userId, times] of Object.entries(load.written)) written[userId] = (written[userId] ?? 0) + times;
  const users = Object.keys(written);
  const found = (await meta.getMany(users)).map((record) => Number(record.private["n"]));
  await meta.close();
  const figures = {
    "away (ms)": up - from,
    answers: answers.length,
    "answers 503": refused.length,
    "slowest answer (ms)": highest(answers.map(({ ms }) => ms)),
    "all served again after (ms)": highest(firstOk.map((at) => (at ?? Number.POSITIVE_INFINITY) - up)),
    lost: users.filter((userId, i) => (found[i] ?? 0) < (written[userId] ?? 0)).length,
    doubled: users.filter((userId, i) => (found[i] ?? 0) > (written[userId] ?? 0)).length,
  };
  report(`E7: servers ${kind}`, store, figures);
  expect(figures).toMatchObject({ lost: 0, doubled: 0 });
  expect(refused.length).toBeGreaterThan(0);
  expect(figures["slowest answer (ms)"]).toBeLessThan(answered);
  expect(figures["all served again after (ms)"]).toBeLessThan(recovered);
}
