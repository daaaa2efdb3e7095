import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from "@nestjs/common";
import type { HttpResponse } from "@usermeta/core";
import { type Response, toNode } from "./exchange.ts";

/** What the guard throws: a problem document and its status, for exception filters that want to word it themselves. */
export class SessionDenied extends HttpException {
  readonly answer: HttpResponse;
  constructor(answer: HttpResponse) {
    super(JSON.parse(answer.body as string) as object, answer.status);
    this.answer = answer;
  }
}

/** Answers a denial byte for byte as core words it, where no filter of the application does. */
export class SessionDeniedFilter implements ExceptionFilter<SessionDenied> {
  catch({ answer: { status, headers, body } }: SessionDenied, host: ArgumentsHost): void {
    const res = host.switchToHttp().getResponse<Response>();
    toNode(res)
      .writeHead(status, { ...res.getHeaders(), ...headers })
      .end(body);
  }
}
Catch(SessionDenied)(SessionDeniedFilter);

/** A challenge and its like belong to the answer whoever words it; type and length do not. */
export function deny(res: Response, answer: HttpResponse): SessionDenied {
  for (const [name, value] of Object.entries(answer.headers)) if (!name.startsWith("content-")) res.header(name, value);
  return new SessionDenied(answer);
}
