import { createApp } from "@usermeta/example-nestjs";
import { testBinding } from "@usermeta/testkit";

for (const platform of ["express", "fastify"] as const)
  for (const prefix of ["", "/usermeta"])
    testBinding(
      `nestjs on ${platform}${prefix && ` under ${prefix}`}`,
      async ({ meta, routes }) => {
        const app = await createApp({ meta, routes, prefix, platform });
        app.useLogger(false);
        app.getHttpAdapter().get("/other", (_req, res) => res.status(204).send());
        await app.listen(0, "127.0.0.1");
        const { port } = app.getHttpServer().address() as { port: number };
        return { port, close: () => app.close() };
      },
      { prefix },
    );
