import { testFaults } from "./faults.ts";
import { mysqlGround } from "./grounds.ts";

testFaults("MariaDB", mysqlGround, { racers: 300 });
