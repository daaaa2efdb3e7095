import type { SessionEvent } from "@usermeta/lambda";
import { UserMetadata, onLambda as verifySession } from "./usermeta.ts";

async function updateinfo(awsEvent: SessionEvent) {
  const session = awsEvent.session;
  const userId = session!.getUserId();

  await UserMetadata.updateUserMetadata(userId, { newKey: "data" });

  return {
    body: JSON.stringify({ message: "successfully updated user metadata" }),
    statusCode: 200,
  };
}

export const handler = verifySession(updateinfo);
