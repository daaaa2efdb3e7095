import { NextResponse } from "next/server.js";
import { type NextRequest, ollioClient } from "./usermeta.ts";

export const setPrivate = {
  async POST(request: NextRequest) {
    const { stripeId, userId } = await request.json();

    const client = await ollioClient();

    await client.users.updateUserMetadata(userId, {
      privateMetadata: {
        stripeId: stripeId,
      },
    });

    return NextResponse.json({ success: true });
  },
};

export const getPrivate = {
  async GET(request: NextRequest) {
    const { userId } = await request.json();

    const client = await ollioClient();

    const user = await client.users.getUser(userId);

    return NextResponse.json(user.privateMetadata);
  },
};

export const setPublic = {
  async POST(request: NextRequest) {
    const { stripeId, userId } = await request.json();

    const client = await ollioClient();

    await client.users.updateUserMetadata(userId, {
      publicMetadata: {
        stripeId: stripeId,
      },
    });

    return NextResponse.json({ success: true });
  },
};

export const setUnsafe = {
  async POST(request: NextRequest) {
    const { userId } = await request.json();

    const client = await ollioClient();

    await client.users.updateUserMetadata(userId, {
      unsafeMetadata: {
        birthday: "11-30-1969",
      },
    });

    return NextResponse.json({ success: true });
  },
};
