import { routes } from "@usermeta/example-nextjs/usermeta";
import { mount } from "@usermeta/nextjs";

export const { GET, HEAD, OPTIONS, POST, PATCH, PUT, DELETE } = mount(routes, { prefix: "/" });
