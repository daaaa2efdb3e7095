import { reactRouter } from "@react-router/dev/vite";
import { defineConfig } from "vite";

// The workspace's own sources; an application of yours needs no conditions.
const conditions = ["@usermeta/source", "development|production"];

export default defineConfig({
  plugins: [reactRouter()],
  resolve: { conditions: [...conditions, "browser", "module"] },
  ssr: { resolve: { conditions: [...conditions, "node"], externalConditions: ["@usermeta/source", "node"] } },
});
