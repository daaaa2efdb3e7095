"use server";

import { getSession } from "@usermeta/nextjs";
import { revalidatePath } from "next/cache";
import { meta } from "../usermeta.ts";

/** Anybody can call a server action, so it looks for the session itself. */
export async function setTheme(form: FormData): Promise<void> {
  const { userId } = await getSession(meta);
  await meta.update(userId, { unsafe: { theme: String(form.get("theme")) } });
  revalidatePath("/");
}
