import { Controller, Post, Session, UseGuards } from "@nestjs/common";
import { AuthGuard, type SessionContainer, UserMetadata } from "./usermeta.ts";

@Controller()
export class ExampleController {
  @Post("example")
  @UseGuards(new AuthGuard())
  async postExample(@Session() session: SessionContainer): Promise<{ message: string }> {
    const userId = session.getUserId();

    await UserMetadata.updateUserMetadata(userId, { newKey: "data" });

    return { message: "successfully updated user metadata" };
  }
}
