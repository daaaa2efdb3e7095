import type { Routes, UserMeta } from "@usermeta/core";
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
  const { superTokensRoutes, clerkRoutes, hankoRoutes } = await import("@usermeta/compat"); // not for those who need none
  switch (vendor) {
    case "supertokens":
      return superTokensRoutes(meta, {
        apiKeys: key?.split(",").map((one) => one.trim()) ?? false,
        ...(apps && { apps, createApp: apps.create }),
      });
    case "clerk":
      return clerkRoutes(meta, { secretKey: key ?? false });
    case "hanko":
      return hankoRoutes(meta, { apiKey: key ?? false });
  }
}
