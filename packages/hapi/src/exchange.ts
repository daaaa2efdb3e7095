import type { Request, ResponseObject, ResponseToolkit } from "@hapi/hapi";
import type { HttpRequest, HttpResponse } from "@usermeta/core";
import { send, toRequest as toNodeRequest } from "@usermeta/exchange/node";

/** hapi's request as core takes it. `url` is what is left of the target below the mount. */
export function toRequest({ raw: { req, res } }: Request, url: string): HttpRequest {
  const request = toNodeRequest(req, res, url);
  if (req.headers.expect === undefined) return request;
  const { body } = request;
  const get = (): unknown => {
    res.writeContinue(); // hapi takes that upon itself, later than we answer
    return body;
  };
  return Object.defineProperty(request, "body", { get });
}

/** A denial goes through hapi, which adds the CORS headers and the like of the route it is for. */
export function deny(h: ResponseToolkit, { status, headers, body }: HttpResponse): ResponseObject {
  const response = h.response(body as string).code(status);
  for (const [name, value] of Object.entries(headers)) response.header(name, value);
  return response.takeover();
}

/** An answer of the routes goes past hapi, which would compress it, and add a charset, a `vary` and more. */
export function write(request: Request, response: HttpResponse): Promise<void> {
  const { req, res } = request.raw;
  return send(req, res, response).catch((error: Error) => request.log(["usermeta", "error"], error));
}
