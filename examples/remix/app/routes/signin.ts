import { redirect } from "react-router";
import { sessionCookie } from "../usermeta.server.ts";

export const loader = async (): Promise<Response> =>
  redirect("/", { headers: { "set-cookie": await sessionCookie() } });
