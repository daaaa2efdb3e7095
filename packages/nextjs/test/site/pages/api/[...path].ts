import { routes } from "@usermeta/example-nextjs/usermeta";
import { mount } from "@usermeta/nextjs/pages";

export const config = { api: { bodyParser: false } };

export default mount(routes, { prefix: "/api" });
