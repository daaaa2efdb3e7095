import { type RouteHandler, verifySession } from "@usermeta/nextjs";
import { NextRequest } from "next/server.js";
import { type Call, type Contender, type Contenders, hello, type Setup } from "../http/setup.ts";
import { usermeta } from "./usermeta.ts";

const headers = {
  accept: "*/*",
  "accept-encoding": "gzip, deflate, br",
  host: "app.example",
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36",
  "x-forwarded-for": "203.0.113.7",
  "x-forwarded-proto": "https",
};

/** Calls a route handler as Next's server does once it has found it. */
const called =
  (toHandler: (setup: Setup) => RouteHandler): Contender =>
  async (setup) => {
    const handler = toHandler(setup);
    const call: Call = async (token) => {
      const request = new NextRequest("https://app.example/api/hello", {
        headers: { ...headers, authorization: `Bearer ${token}` },
      });
      const response = (await handler(request, { params: Promise.resolve({}) })) as Response;
      if (response.status !== 200) throw new Error("the handler refused a good token");
      return response.text();
    };
    return call;
  };

const answer = async (): Promise<Response> => Response.json(hello);

/** A guard of a Next.js route handler, without the server, whose own work is ten times that of all of these. */
export const contenders: Contenders = {
  bare: called(() => answer),
  usermeta: called((setup) => verifySession(usermeta(setup), answer)),
};
