import { verifySession } from "@usermeta/express";
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import { serve } from "../../serve.ts";
import { type Contender, type Contenders, hello, type Setup } from "../http/setup.ts";
import { usermeta } from "./usermeta.ts";

/** Express' own prints every refusal. */
const refuse: ErrorRequestHandler = (error: { status?: number }, _req, res, _next) => {
  res.status(error.status ?? 500).end();
};

const behind =
  (toGuards: (setup: Setup) => RequestHandler[] | Promise<RequestHandler[]>): Contender =>
  async (setup) => {
    const app = express();
    app.get("/", ...(await toGuards(setup)), (_req, res) => {
      res.json(hello);
    });
    app.use(refuse);
    return (await serve(app)).port;
  };

/** Guards on Express 5, each as its documentation says and with a fixed key where it takes one. */
export const contenders: Contenders = {
  bare: behind(() => []),
  usermeta: behind((setup) => [verifySession(usermeta(setup)) as RequestHandler]),
  "express-oauth2-jwt-bearer": behind(async ({ issuer, audience, algorithm }) => {
    const { auth } = await import("express-oauth2-jwt-bearer");
    return [auth({ issuer, jwksUri: `${issuer}jwks.json`, audience, tokenSigningAlg: algorithm })];
  }),
  "express-jwt": behind(async ({ issuer, audience, algorithm, pem }) => {
    const { expressjwt } = await import("express-jwt");
    return [expressjwt({ secret: pem, issuer, audience, algorithms: [algorithm] })];
  }),
  "passport-jwt": behind(async ({ issuer, audience, algorithm, pem }) => {
    const { default: passport } = await import("passport");
    const { ExtractJwt, Strategy } = (await import("passport-jwt")).default;
    const options = {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: pem,
      issuer,
      audience,
      algorithms: [algorithm],
    };
    passport.use(new Strategy(options, (payload, done) => done(null, payload as object)));
    return [passport.authenticate("jwt", { session: false }) as RequestHandler];
  }),
  "supertokens-node": behind(async (setup) => {
    (await import("./supertokens.ts")).initSuperTokens("express", setup);
    const guard = await import("supertokens-node/recipe/session/framework/express/index.js");
    return [guard.verifySession() as unknown as RequestHandler];
  }),
  "@clerk/express": behind(async ({ pem }) => {
    const { clerkMiddleware, getAuth } = await import("@clerk/express");
    const publishableKey = `pk_test_${Buffer.from("clerk.example.com$").toString("base64")}`;
    return [
      clerkMiddleware({ jwtKey: pem, publishableKey, secretKey: "sk_test_bench" }) as unknown as RequestHandler,
      (req, res, next) => {
        if (getAuth(req).userId) next();
        else res.status(401).end();
      },
    ];
  }),
};
