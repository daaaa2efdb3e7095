import { ExpressAdapter } from "@nestjs/platform-express";
import type { Contenders } from "../http/setup.ts";
import { contendersOn } from "./nestjs.ts";

/** Guards on Nest with Express. */
export const contenders: Contenders = contendersOn(() => new ExpressAdapter());
