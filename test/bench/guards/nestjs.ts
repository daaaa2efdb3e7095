import "reflect-metadata";
import {
  type CanActivate,
  Controller,
  type DynamicModule,
  type ExecutionContext,
  Get,
  Inject,
  type Type,
  UnauthorizedException,
  UseGuards,
} from "@nestjs/common";
import { type AbstractHttpAdapter, NestFactory } from "@nestjs/core";
import type { JwtService } from "@nestjs/jwt";
import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { UserMetaModule, VerifySession } from "@usermeta/nestjs";
import { type Contender, type Contenders, hello, type Setup } from "../http/setup.ts";
import { usermeta } from "./usermeta.ts";

/** A guard, and the modules that it needs. */
interface Guarded {
  readonly guard?: Type<CanActivate>;
  readonly imports?: DynamicModule[];
}

/** What decorators would write, which type stripping cannot. */
function controller(guard: Type<CanActivate> | undefined): Type {
  class HelloController {
    hello(): object {
      return hello;
    }
  }
  const { prototype } = HelloController;
  const method = Object.getOwnPropertyDescriptor(prototype, "hello") as TypedPropertyDescriptor<unknown>;
  Get()(prototype, "hello", method);
  if (guard) UseGuards(guard)(prototype, "hello", method);
  Controller()(HelloController);
  return HelloController;
}

async function nestJwt({ issuer, audience, algorithm, pem }: Setup): Promise<Guarded> {
  const { JwtModule, JwtService } = await import("@nestjs/jwt");
  class JwtGuard implements CanActivate {
    readonly jwt: JwtService;
    constructor(jwt: JwtService) {
      this.jwt = jwt;
    }
    async canActivate(context: ExecutionContext): Promise<boolean> {
      const request = context.switchToHttp().getRequest<{ headers: { authorization?: string }; user?: object }>();
      const [type, token] = request.headers.authorization?.split(" ") ?? [];
      if (type !== "Bearer" || token === undefined) throw new UnauthorizedException();
      try {
        request.user = await this.jwt.verifyAsync(token);
      } catch {
        throw new UnauthorizedException();
      }
      return true;
    }
  }
  Inject(JwtService)(JwtGuard, undefined, 0);
  const verifyOptions = { issuer, audience, algorithms: [algorithm] };
  return { guard: JwtGuard, imports: [JwtModule.register({ publicKey: pem, verifyOptions })] };
}

async function ours(setup: Setup): Promise<Guarded> {
  return { guard: VerifySession(), imports: [UserMetaModule.forRoot({ meta: usermeta(setup) })] };
}

/** Guards on Nest 12; the adapter is a platform's. */
export function contendersOn(toAdapter: () => AbstractHttpAdapter): Contenders {
  const behind =
    (toGuard: (setup: Setup) => Promise<Guarded>): Contender =>
    async (setup) => {
      const { guard, imports = [] } = await toGuard(setup);
      class AppModule {}
      const root = { module: AppModule, imports, controllers: [controller(guard)] };
      const app = await NestFactory.create<NestFastifyApplication>(root, toAdapter(), { logger: ["error"] });
      await app.listen(0, "127.0.0.1");
      return Number(new URL(await app.getUrl()).port);
    };
  return { bare: behind(async () => ({})), usermeta: behind(ours), "@nestjs/jwt": behind(nestJwt) };
}
