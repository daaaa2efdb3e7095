import { testFaults } from "./faults.ts";
import { clusterGround, redisGround } from "./grounds.ts";

testFaults("Redis", redisGround, { racers: 400 });
testFaults("Redis cluster", clusterGround, { short: "kills", hasProxy: false });
