import { mount } from "@usermeta/nextjs/pages";
import { routes } from "../../../usermeta.ts";

export const config = { api: { bodyParser: false } }; // core reads the body itself, and refuses what JSON.parse would change

export default mount(routes, { prefix: "/api/usermeta" });
