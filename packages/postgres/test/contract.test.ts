import { postgresStore } from "@usermeta/postgres";
import { testStore } from "@usermeta/testkit";

const url = process.env["PG_URL"] as string;
testStore(
  "PostgreSQL",
  async (options) => {
    const store = postgresStore(url, options);
    await store.migrate();
    return store;
  },
  { namespaces: true },
);
