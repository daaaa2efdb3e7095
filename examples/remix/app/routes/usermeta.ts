import type { ActionFunctionArgs, LoaderFunctionArgs } from "react-router";
import { routes } from "../usermeta.server.ts";

/** `GET` goes to loaders, everything else to actions. */
const handle = async ({ request }: LoaderFunctionArgs | ActionFunctionArgs): Promise<Response> =>
  (await routes)(request);

export { handle as action, handle as loader };
