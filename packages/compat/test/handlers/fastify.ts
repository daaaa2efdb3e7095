import type { Session } from "@usermeta/core";
import Fastify from "fastify";
import { UserMetadata, onFastify as verifySession } from "./usermeta.ts";

declare module "fastify" {
  interface FastifyRequest {
    session: Session;
  }
}

export function update() {
  let fastify = Fastify();

  fastify.post(
    "/updateinfo",
    {
      preHandler: verifySession(),
    },
    async (req, res) => {
      const session = req.session;
      const userId = session.getUserId();

      await UserMetadata.updateUserMetadata(userId, { newKey: "data" });

      res.send({ message: "successfully updated user metadata" });
    },
  );
  return fastify;
}
