import { FastifyAdapter } from "@nestjs/platform-fastify";
import type { Contenders } from "../http/setup.ts";
import { contendersOn } from "./nestjs.ts";

/** Guards on Nest with Fastify. */
export const contenders: Contenders = contendersOn(() => new FastifyAdapter());
