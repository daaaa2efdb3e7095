import { testFaults } from "./faults.ts";
import { sqliteGround } from "./grounds.ts";

testFaults("SQLite by better-sqlite3", sqliteGround("better-sqlite3"), { isServer: false });
testFaults("SQLite by node:sqlite", sqliteGround("node:sqlite"), { isServer: false, short: "kills" });
