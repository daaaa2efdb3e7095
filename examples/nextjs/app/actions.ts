"use server";

import { getSession } from "@usermeta/nextjs";
import { revalidatePath } from "next/cache";
import { meta } from "../usermeta.ts";

/** Anybody can call a server action, so it asks for the session itself. */
export async function setTheme(form: FormData): Promise<void> {
  const { userId } = await getSession(meta);
  const theme = form.get("theme") === "dark" ? "dark" : "light";
  await meta.update(userId, { unsafe: { theme } });
  revalidatePath("/");
}
