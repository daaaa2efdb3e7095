import { mount } from "@usermeta/nextjs";
import { routes } from "../../../usermeta.ts";

export const { GET, HEAD, OPTIONS, POST, PATCH, PUT, DELETE } = mount(routes, { prefix: "/usermeta" });
