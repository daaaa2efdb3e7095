import { testFaults } from "./faults.ts";
import { postgresGround } from "./grounds.ts";

testFaults("PostgreSQL", postgresGround);
