// The handlers that the vendors print in their documentation, with only their imports changed.
import "reflect-metadata";
import type { RequestListener, Server } from "node:http";
import { RestApplication } from "@loopback/rest";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { mintToken } from "@usermeta/testkit";
import expressFramework from "express";
import Koa from "koa";
import { NextRequest } from "next/server.js";
import supertest from "supertest";
import { beforeEach, describe, expect, it } from "vitest";
import * as express from "./handlers/express.ts";
import * as fastify from "./handlers/fastify.ts";
import * as hapi from "./handlers/hapi.ts";
import * as koa from "./handlers/koa.ts";
import { handler } from "./handlers/lambda.ts";
import { UpdateInfo } from "./handlers/loopback.ts";
import { ExampleController } from "./handlers/nestjs.ts";
import nextjs from "./handlers/nextjs.ts";
import { getPrivate, setPrivate, setPublic, setUnsafe } from "./handlers/nextjs-app.ts";
import { meta, ollioClient, UserMetadata } from "./handlers/usermeta.ts";

const userId = "ada";
const stored = {
  preferences: { theme: "dark" },
  notifications: { email: true },
  todos: ["use-text-notifs"],
};
beforeEach(async () => {
  await meta.erase(userId);
  await meta.update(userId, { private: stored });
});
const privateOf = async () => (await meta.get(userId)).private;

async function post(listener: RequestListener | Server, path = "/updateinfo"): Promise<unknown> {
  const token = await mintToken({ sub: userId });
  const unauthorized = await supertest(listener).post(path);
  expect(unauthorized.status).toBe(401);
  const answer = await supertest(listener).post(path).set("authorization", `Bearer ${token}`);
  expect(answer.status).toBeLessThan(300);
  return answer.body;
}
const updated = { message: "successfully updated user metadata" };

describe("SuperTokens' handlers", () => {
  it("read, update, unset and clear on Express", async () => {
    expect(await post(express.read())).toEqual({ preferences: { theme: "dark" } });
    expect(await post(express.update())).toEqual(updated);
    expect(await privateOf()).toEqual({ ...stored, newKey: "data" });
    await post(express.unset());
    expect(await privateOf()).toEqual({ preferences: { theme: "dark" }, todos: ["use-text-notifs"], newKey: "data" });
    await post(express.clear());
    expect(await privateOf()).toEqual({});
  });

  it("update on hapi, Fastify and Koa", async () => {
    const server = hapi.update();
    await server.initialize();
    const app = fastify.update();
    await app.ready();
    const listener = new Koa().use(koa.update().routes()).callback();
    for (const one of [server.listener, app.server, listener] as const) {
      await meta.clear(userId);
      expect(await post(one as RequestListener)).toEqual(updated);
      expect(await privateOf()).toEqual({ newKey: "data" });
    }
    await app.close();
  });

  it("update on LoopBack", async () => {
    const app = new RestApplication({ rest: { listenOnStart: false } });
    app.controller(UpdateInfo);
    await app.start();
    expect(await post(app.requestHandler as RequestListener)).toEqual(updated);
    expect(await privateOf()).toMatchObject({ newKey: "data" });
    await app.stop();
  });

  it("update on NestJS", async () => {
    class App {}
    Module({ controllers: [ExampleController] })(App);
    const app = await NestFactory.create(App, { logger: false });
    await app.init();
    expect(await post(app.getHttpServer() as Server, "/example")).toEqual(updated);
    expect(await privateOf()).toMatchObject({ newKey: "data" });
    await app.close();
  });

  it("update in the pages of Next.js", async () => {
    expect(await post(expressFramework().post("/updateinfo", nextjs))).toEqual(updated);
    expect(await privateOf()).toMatchObject({ newKey: "data" });
  });

  it("update on AWS Lambda", async () => {
    const event = { version: "2.0", headers: { authorization: `Bearer ${await mintToken({ sub: userId })}` } };
    expect(await handler(event as never)).toEqual({ body: JSON.stringify(updated), statusCode: 200 });
    expect(await handler({ ...event, headers: {} } as never)).toMatchObject({ statusCode: 401 });
    expect(await privateOf()).toMatchObject({ newKey: "data" });
  });
});

describe("Clerk's handlers", () => {
  /** Next.js lets a GET handler read a body, which `fetch` does not send. */
  const request = (body: object) =>
    new NextRequest("http://localhost/", { method: "POST", body: JSON.stringify(body) });
  const answer = async (response: Promise<Response>) => (await response).json() as Promise<unknown>;

  it("get and set private, public and unsafe metadata in the app router of Next.js", async () => {
    expect(await answer(getPrivate.GET(request({ userId: "nobody" })))).toEqual({});
    expect(await answer(setPrivate.POST(request({ userId, stripeId: "cus_1" })))).toEqual({ success: true });
    expect(await answer(getPrivate.GET(request({ userId })))).toEqual({ ...stored, stripeId: "cus_1" });
    await setPublic.POST(request({ userId, stripeId: "cus_2" }));
    await setUnsafe.POST(request({ userId }));
    expect(await meta.get(userId)).toMatchObject({
      public: { stripeId: "cus_2" },
      private: { stripeId: "cus_1" },
      unsafe: { birthday: "11-30-1969" },
    });
  });
});

describe("The facades", () => {
  it("have the result shapes of supertokens-node", async () => {
    expect(await UserMetadata.getUserMetadata("nobody", {})).toEqual({ status: "OK", metadata: {} });
    expect(await UserMetadata.updateUserMetadata(userId, { todos: null, a: { b: null } }, {})).toEqual({
      status: "OK",
      metadata: { preferences: { theme: "dark" }, notifications: { email: true }, a: { b: null } },
    });
    expect(await UserMetadata.clearUserMetadata(userId)).toEqual({ status: "OK" });
  });

  it("merge, replace and get as Clerk's client, called or not", async () => {
    const { users } = await ollioClient();
    expect(users).toBe(ollioClient.users);
    await users.updateUserMetadata(userId, { publicMetadata: { deep: { a: 1, b: 2 } } });
    expect(await users.updateUserMetadata(userId, { publicMetadata: { deep: { a: null } } })).toMatchObject({
      id: userId,
      publicMetadata: { deep: { b: 2 } },
      privateMetadata: stored,
    });
    expect((await users.replaceUserMetadata(userId, { privateMetadata: { only: null } })).privateMetadata).toEqual({
      only: null,
    });
    expect((await users.updateUser(userId, { unsafeMetadata: { a: 1 } })).unsafeMetadata).toEqual({ a: 1 });
    const { createdAt, updatedAt } = await users.getUser(userId);
    expect(updatedAt).toBeGreaterThanOrEqual(createdAt);
    expect(Math.abs(createdAt - Date.now())).toBeLessThan(120_000);
    await expect(users.updateUser(userId, { firstName: "Ada" } as never)).rejects.toMatchObject({
      code: "unknown_member",
    });
    await expect(users.updateUserMetadata(userId, { constructor: {} } as never)).rejects.toMatchObject({
      code: "unknown_member",
    });
  });
});
