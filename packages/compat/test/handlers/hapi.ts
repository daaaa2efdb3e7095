import Hapi from "@hapi/hapi";
import type { SessionRequest } from "@usermeta/hapi";
import { UserMetadata, onHapi as verifySession } from "./usermeta.ts";

export function update() {
  let server = Hapi.server({ port: 8000 });

  server.route({
    path: "/updateinfo",
    method: "post",
    options: {
      pre: [
        {
          method: verifySession(),
        },
      ],
    },
    handler: async (req: SessionRequest, res) => {
      const session = req.session;
      const userId = session!.getUserId();

      await UserMetadata.updateUserMetadata(userId, { newKey: "data" });

      return res.response({ message: "successfully updated user metadata" }).code(200);
    },
  });
  return server;
}
