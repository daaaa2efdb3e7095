import type { Session, UserMeta } from "@usermeta/core";
import { getSession, type HttpResult, mount, type SessionEvent, verifySession } from "@usermeta/lambda";
import type {
  ALBEvent,
  ALBHandler,
  APIGatewayProxyEventV2,
  APIGatewayProxyHandler,
  APIGatewayProxyHandlerV2,
  Context,
  LambdaFunctionURLHandler,
} from "aws-lambda";
import { expectTypeOf, it } from "vitest";

declare const meta: UserMeta;

it("the types give handlers their own event and the session that their guard promises", () => {
  const handlers = () => {
    const rest: APIGatewayProxyHandler = verifySession(meta, async (event, context) => {
      expectTypeOf(event.session).toEqualTypeOf<Session>();
      expectTypeOf(event.resource).toBeString();
      expectTypeOf(context).toEqualTypeOf<Context>();
      return { statusCode: 200, body: event.session.getUserId() };
    });
    const http: APIGatewayProxyHandlerV2 = verifySession(meta, async (event) => {
      expectTypeOf(event.session).toEqualTypeOf<Session>();
      expectTypeOf(event.rawPath).toBeString();
      return event.session.userId;
    });
    const url: LambdaFunctionURLHandler = verifySession(meta, async ({ session }) => session.userId);
    const alb: ALBHandler = verifySession(meta, async ({ session }: SessionEvent<ALBEvent>) => ({
      statusCode: 200,
      body: session.userId,
    }));
    const plain = verifySession(meta, async (event) => event.session.userId);
    expectTypeOf(plain).returns.resolves.toEqualTypeOf<string | HttpResult>();
    const optional = verifySession(
      meta,
      async (event) => {
        expectTypeOf(event.session).toEqualTypeOf<Session | undefined>();
        return {};
      },
      { sessionRequired: false },
    );
    // @ts-expect-error nobody may be there
    verifySession(meta, async (event: SessionEvent<APIGatewayProxyEventV2>) => event.body, { sessionRequired: false });

    const routes = mount([]);
    const mounts: [APIGatewayProxyHandler, APIGatewayProxyHandlerV2, LambdaFunctionURLHandler, ALBHandler] = [
      routes,
      routes,
      routes,
      routes,
    ];
    expectTypeOf(getSession(meta, {})).toEqualTypeOf<Session>();
    return [rest, http, url, alb, optional, mounts];
  };
  expectTypeOf(handlers).toBeFunction();
});
