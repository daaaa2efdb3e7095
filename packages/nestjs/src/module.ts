import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  Module,
  type ModuleMetadata,
  type NestModule,
} from "@nestjs/common";
import { ApplicationConfig, HttpAdapterHost } from "@nestjs/core";
import type { Routes, UserMeta } from "@usermeta/core";
import { SessionDeniedFilter } from "./denial.ts";
import { mount } from "./exchange.ts";
import { USER_META } from "./guard.ts";
import { install } from "./platform.ts";

/** What {@link UserMetaModule} is made of. */
export interface UserMetaModuleOptions {
  /** The instance that guards verify with, provided as `USER_META`. */
  readonly meta: UserMeta;
  /** The ready-made routes to serve, e.g. `[metadataRoutes(meta), adminRoutes(meta, { authorize })]`. @default none */
  readonly routes?: Routes | readonly Routes[];
  /** Where to serve them, below the application's global prefix. Versions do not apply. @default "" */
  readonly prefix?: string;
}

/** The same, from what the container provides. */
export type UserMetaModuleAsyncOptions = Pick<ModuleMetadata, "imports"> &
  Pick<FactoryProvider<UserMetaModuleOptions>, "inject" | "useFactory">;

const OPTIONS = Symbol("UserMetaModuleOptions");

/**
 * Provides the guard and `USER_META` everywhere, and serves route tables.
 *
 * ```ts
 * @Module({ imports: [UserMetaModule.forRoot({ meta, routes: metadataRoutes(meta), prefix: "usermeta" })] })
 * export class AppModule {}
 * ```
 */
export class UserMetaModule implements NestModule {
  readonly config: ApplicationConfig;
  readonly host: HttpAdapterHost;
  readonly options: UserMetaModuleOptions;

  constructor(config: ApplicationConfig, host: HttpAdapterHost, options: UserMetaModuleOptions) {
    this.config = config;
    this.host = host;
    this.options = options;
    config.addGlobalFilter(new SessionDeniedFilter()); // the first one, so all of the application's come before it
  }

  static forRoot(options: UserMetaModuleOptions): DynamicModule {
    return UserMetaModule.forRootAsync({ useFactory: () => options });
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: UserMetaModuleAsyncOptions): DynamicModule {
    const meta = {
      provide: USER_META,
      inject: [OPTIONS],
      useFactory: (options: UserMetaModuleOptions) => options.meta,
    };
    const providers = [{ provide: OPTIONS, inject, useFactory }, meta];
    return { module: UserMetaModule, global: true, imports, providers, exports: [USER_META] };
  }

  configure(): void {
    const { routes = [], prefix = "" } = this.options;
    const tables = [routes].flat();
    if (tables.length === 0) return; // every request would pay for the middleware
    const segments = `${this.config.getGlobalPrefix()}/${prefix}`.split("/").filter((segment) => segment !== "");
    const path = segments.map((segment) => `/${segment}`).join("");
    install(this.host.httpAdapter, mount(tables, path));
  }
}
Inject(ApplicationConfig)(UserMetaModule, undefined, 0);
Inject(HttpAdapterHost)(UserMetaModule, undefined, 1);
Inject(OPTIONS)(UserMetaModule, undefined, 2);
Module({})(UserMetaModule);
