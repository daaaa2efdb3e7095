import { Controller, Get, HttpCode, type INestApplication, Inject, Module, Post, UseGuards } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { hasClaim, type UserMeta } from "@usermeta/core";
import {
  RequireClaims,
  RequireMetadata,
  Session,
  USER_META,
  UserMetaModule,
  type UserMetaModuleOptions,
  VerifySession,
} from "@usermeta/nestjs";

@Controller()
@UseGuards(VerifySession())
class PreferencesController {
  constructor(@Inject(USER_META) private readonly meta: UserMeta) {}

  @Get("preferences")
  async read(@Session() session: Session) {
    const { preferences } = (await this.meta.get(session.getUserId())).private;
    return { preferences };
  }

  @Post("updateinfo")
  @HttpCode(200)
  async update(@Session() session: Session) {
    await this.meta.update(session.getUserId(), { private: { newKey: "data" } });
    return { message: "successfully updated user metadata" };
  }

  @Post("removenotifications")
  @HttpCode(200)
  async removeNotifications(@Session() session: Session) {
    await this.meta.update(session.getUserId(), { private: { notifications: null } });
    return { message: "successfully updated user metadata" };
  }

  @Post("clearinfo")
  @HttpCode(200)
  async clear(@Session() session: Session) {
    await this.meta.clear(session.getUserId(), "private");
    return { success: true };
  }
}

@Controller()
class SessionController {
  @Get("whoami")
  @UseGuards(VerifySession())
  whoami(@Session() session: Session) {
    return { userId: session.userId };
  }

  @Get("pro")
  @UseGuards(VerifySession({ fresh: "token" }))
  @RequireClaims(hasClaim("email_verified", true))
  @RequireMetadata(({ public: { plan } }) => plan === "pro")
  pro(@Session() session: Session) {
    return { userId: session.userId };
  }

  @Get("optional")
  @UseGuards(VerifySession({ sessionRequired: false }))
  optional(@Session() session: Session | undefined) {
    return { userId: session?.userId ?? null };
  }
}

@Module({ controllers: [PreferencesController, SessionController] })
class AppModule {}

/** What the application is made of. */
export interface AppOptions extends UserMetaModuleOptions {
  /** What Nest runs on. @default "express" */
  readonly platform?: "express" | "fastify";
}

/** An application that keeps `preferences` and the like in its users' private metadata; it does not listen yet. */
export function createApp({ platform, prefix = "usermeta", ...options }: AppOptions): Promise<INestApplication> {
  const root = { module: AppModule, imports: [UserMetaModule.forRoot({ ...options, prefix })] };
  const adapter = platform === "fastify" ? new FastifyAdapter() : new ExpressAdapter();
  return NestFactory.create(root, adapter, { logger: ["error", "warn"] });
}
