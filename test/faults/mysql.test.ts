import { testFaults } from "./faults.ts";
import { mysqlGround } from "./grounds.ts";

testFaults("MariaDB", mysqlGround, { short: "main", racers: 150 });
