import { testFaults } from "./faults.ts";
import { dynamodbGround } from "./grounds.ts";

// An emulator of one thread is slower than the real thing.
testFaults("DynamoDB (dynalite)", dynamodbGround, { short: "main", racers: 40 });
