import { routes } from "@usermeta/example-nextjs/usermeta";
import { mount } from "@usermeta/nextjs/pages";

export default mount(routes, { prefix: "/api/parsed" });
