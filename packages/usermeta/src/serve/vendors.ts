import { invalidConfig, type Routes, type UserMeta } from "@usermeta/core";
import type { Apps } from "./apps.ts";

/** Vendors whose wire protocols can be served. */
export const vendors = ["supertokens", "clerk", "hanko"] as const;
export type Vendor = (typeof vendors)[number];

/** Where each vendor's key comes from. */
export const vendorKeys: Readonly<Record<Vendor, string>> = {
  supertokens: "SUPERTOKENS_API_KEY",
  clerk: "CLERK_SECRET_KEY",
  hanko: "HANKO_API_KEY",
};

export function isVendor(name: string): name is Vendor {
  return (vendors as readonly string[]).includes(name);
}

/** A vendor's routes over our data; without a key they are open. SuperTokens takes several keys, as its core does. */
export async function vendorRoutes(
  meta: UserMeta,
  vendor: Vendor,
  key: string | undefined,
  apps: Apps | undefined,
): Promise<Routes> {
  const compat = await loadCompat();
  switch (vendor) {
    case "supertokens":
      return compat.superTokensRoutes(meta, {
        apiKeys: key?.split(",").map((one) => one.trim()) ?? false,
        ...(apps && { apps, createApp: apps.create }),
      });
    case "clerk":
      return compat.clerkRoutes(meta, { secretKey: key ?? false });
    case "hanko":
      return compat.hankoRoutes(meta, { apiKey: key ?? false });
  }
}

interface Compat {
  superTokensRoutes(meta: UserMeta, options: object): Routes;
  clerkRoutes(meta: UserMeta, options: object): Routes;
  hankoRoutes(meta: UserMeta, options: object): Routes;
}

async function loadCompat(): Promise<Compat> {
  const name: string = "@usermeta/compat";
  try {
    return (await import(name)) as Compat;
  } catch (cause) {
    throw invalidConfig("--compat needs @usermeta/compat: npm install @usermeta/compat", cause);
  }
}
