import express from "express";
import { UserMetadata, onExpress as verifySession } from "./usermeta.ts";

export function read() {
  let app = express();

  app.post("/updateinfo", verifySession(), async (req, res) => {
    const session = req.session;
    const userId = session.getUserId();

    const { metadata } = await UserMetadata.getUserMetadata(userId);

    res.json({ preferences: metadata["preferences"] });
  });
  return app;
}

export function update() {
  let app = express();

  app.post("/updateinfo", verifySession(), async (req, res) => {
    const session = req.session;
    const userId = session.getUserId();

    await UserMetadata.updateUserMetadata(userId, { newKey: "data" });

    res.json({ message: "successfully updated user metadata" });
  });
  return app;
}

export function unset() {
  let app = express();

  app.post("/updateinfo", verifySession(), async (req, res) => {
    const session = req.session;
    const userId = session.getUserId();

    await UserMetadata.updateUserMetadata(userId, { notifications: null });

    res.json({ message: "successfully updated user metadata" });
  });
  return app;
}

export function clear() {
  let app = express();

  app.post("/updateinfo", verifySession(), async (req, res) => {
    const session = req.session;
    const userId = session.getUserId();

    await UserMetadata.clearUserMetadata(userId);

    res.json({ message: "successfully cleared user metadata" });
  });
  return app;
}
