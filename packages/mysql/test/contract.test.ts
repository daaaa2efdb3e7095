import { testStore } from "@usermeta/testkit";
import { afterAll, describe } from "vitest";
import { mysql } from "../../../test/servers.ts";
import { mysqlStore } from "../src/index.ts";

const server = await mysql();
afterAll(() => server?.stop());
describe.skipIf(!server)("mysql", () => {
  testStore(
    "MariaDB",
    async (options) => {
      const store = mysqlStore(server?.url ?? "", options);
      await store.migrate();
      return store;
    },
    { namespaces: true },
  );
});
