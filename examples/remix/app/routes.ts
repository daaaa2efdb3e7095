import { index, type RouteConfig, route } from "@react-router/dev/routes";

export default [
  index("routes/home.tsx"),
  route("usermeta/*", "routes/usermeta.ts"),
  route("signin", "routes/signin.ts"),
] satisfies RouteConfig;
