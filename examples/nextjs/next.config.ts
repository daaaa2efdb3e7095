import type { NextConfig } from "next";

const config: NextConfig = {
  agentRules: false, // no AGENTS.md in this folder
  compress: false, // the proxy in front does it, and ETags stay true to the bytes
  poweredByHeader: false,
  serverExternalPackages: ["@aws-sdk/client-dynamodb", "better-sqlite3", "mysql2", "pg", "redis"], // drivers, which Node loads
};

export default config;
