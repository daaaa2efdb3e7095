// A process that serves one contender, and says what CPU time it has taken.
import { answer } from "./child.ts";
import type { Call, Contenders, Setup } from "./setup.ts";

/** What {@link answer} is asked here. */
export type Question =
  | { readonly start: { readonly module: string; readonly name: string; readonly setup: Setup } }
  | { readonly call: { readonly tokens: readonly string[]; readonly amount: number; readonly first: number } }
  | { readonly cpu: true };

let call: Call | undefined;

answer(async (question: Question) => {
  if ("cpu" in question) {
    const { user, system } = process.cpuUsage();
    return { cpu: user + system };
  }
  if ("call" in question) {
    const { tokens, amount, first } = question.call;
    if (call === undefined) throw new Error("this contender is a server");
    for (let i = 0; i < amount; i++) await call(tokens[(first + i) % tokens.length] as string);
    return {};
  }
  const { module, name, setup } = question.start;
  const { contenders } = (await import(`../${module}.ts`)) as { contenders: Contenders };
  const started = await contenders[name]?.(setup);
  if (typeof started !== "function") return { port: started };
  call = started;
  return {};
});
