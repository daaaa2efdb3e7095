import type { Session } from "@usermeta/core";

/** A record of single values, or of lists of them. */
export type Values<T> = Readonly<Record<string, T | undefined>> | null | undefined;

/**
 * What is read of an event. API Gateway (REST and HTTP APIs, payload 1.0 and 2.0), function URLs, load balancers and
 * Netlify's handlers send it with more beside; annotate handlers with the exact types of `@types/aws-lambda`.
 */
export interface HttpEvent {
  /** `"1.0"` or `"2.0"` from HTTP APIs and function URLs, absent otherwise. */
  readonly version?: string | undefined;
  readonly requestContext?:
    | {
        readonly http?: { readonly method: string } | undefined;
        readonly stage?: string | undefined;
        /** Present from load balancers. */
        readonly elb?: object | undefined;
      }
    | undefined;
  readonly httpMethod?: string | undefined;
  readonly path?: string | undefined;
  readonly rawPath?: string | undefined;
  readonly rawQueryString?: string | undefined;
  /** Netlify's. */
  readonly rawQuery?: string | undefined;
  readonly queryStringParameters?: Values<string>;
  readonly multiValueQueryStringParameters?: Values<string[]>;
  readonly headers?: Values<string>;
  readonly multiValueHeaders?: Values<string[]>;
  readonly cookies?: string[] | undefined;
  readonly body?: string | null | undefined;
  readonly isBase64Encoded?: boolean | undefined;
}

/** An answer that all of them take. */
export interface HttpResult {
  statusCode: number;
  /** Demanded by load balancers, and given to them only. */
  statusDescription?: string;
  headers?: Record<string, string>;
  /** Instead of `headers`, for load balancers whose target group has multi-value headers turned on. */
  multiValueHeaders?: Record<string, string[]>;
  body: string;
  isBase64Encoded: boolean;
}

/** An event behind `verifySession`. */
export type SessionEvent<E extends HttpEvent = HttpEvent, S extends Session | undefined = Session> = E & { session: S };

/** A handler of such events. `Rest` is what Lambda passes beside the event. */
export type SessionHandler<
  E extends HttpEvent = HttpEvent,
  S extends Session | undefined = Session,
  Rest extends unknown[] = unknown[],
  R = unknown,
> = (event: SessionEvent<E, S>, ...rest: Rest) => Promise<R>;
