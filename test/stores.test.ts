import { testStore } from "@usermeta/testkit";
import { afterAll, describe, it } from "vitest";
import { storeKinds } from "./stores.ts";

for (const kind of storeKinds) {
  const running = await kind.start();
  if (typeof running === "string") it(`The contract of stores on ${kind.name}`, (context) => context.skip(running));
  else
    describe(kind.name, () => {
      afterAll(() => running.stop());
      testStore(kind.name, ({ indexes, namespace }) => running.open({ indexes, namespace: namespace ?? "" }), {
        namespaces: kind.name !== "memory",
        searches: kind.searches ?? true,
      });
    });
}
