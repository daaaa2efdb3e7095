import { UseGuards } from "@nestjs/common";
import type { ClaimRequirement, MetadataRequirement } from "@usermeta/core";
import { VerifySession } from "./guard.ts";

/**
 * Requires a session whose claims meet every condition, for a handler or a controller. It is a guard itself, so that a
 * requirement never stands in the code without being asked.
 *
 * ```ts
 * @Get("invoices")
 * @RequireClaims(hasClaim("email_verified", true), includes("roles", "accountant"))
 * ```
 */
export function RequireClaims(...claims: readonly [ClaimRequirement, ...ClaimRequirement[]]): Decorator {
  return UseGuards(VerifySession({ claims }));
}

/**
 * Requires a session whose user's live metadata meets a condition, for a handler or a controller; see
 * `requireMetadata` of `verifySession`.
 *
 * ```ts
 * @Get("reports")
 * @RequireMetadata(({ public: { plan } }) => plan === "pro")
 * ```
 */
export function RequireMetadata(requireMetadata: MetadataRequirement): Decorator {
  return UseGuards(VerifySession({ requireMetadata }));
}

type Decorator = MethodDecorator & ClassDecorator;
