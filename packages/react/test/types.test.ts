import type { MetadataClient } from "@usermeta/client";
import {
  type MetadataPath,
  type UserMetaProviderProps,
  type UseUser,
  type useUser,
  type useUserMetaClient,
  useUserMetadata,
} from "@usermeta/react";
import { describe, expectTypeOf, it } from "vitest";

/** What an application keeps. */
interface Documents {
  public: { plan: "free" | "pro" };
  unsafe: {
    theme?: "dark" | "light" | undefined;
    address?: { city: string; lines: string[] } | undefined;
    extra?: Record<string, number> | undefined;
  };
}
declare module "@usermeta/react" {
  interface Register {
    meta: Documents;
  }
}

describe("the types of hooks", () => {
  it("know every place there is", () => {
    expectTypeOf<MetadataPath>().toEqualTypeOf<
      | "userId"
      | "version"
      | "updatedAt"
      | "public"
      | "public.plan"
      | "unsafe"
      | "unsafe.theme"
      | "unsafe.address"
      | "unsafe.address.city"
      | "unsafe.address.lines"
      | "unsafe.extra"
      | `unsafe.extra.${string}`
    >();
  });
  it("know what is there, and that it may not be", () => {
    void (() => {
      expectTypeOf(useUserMetadata("unsafe.theme")).toEqualTypeOf<"dark" | "light" | undefined>();
      expectTypeOf(useUserMetadata("public.plan")).toEqualTypeOf<"free" | "pro" | undefined>();
      expectTypeOf(useUserMetadata("unsafe.address.city")).toEqualTypeOf<string | undefined>();
      expectTypeOf(useUserMetadata("unsafe.extra.n")).toEqualTypeOf<number | undefined>();
      expectTypeOf(useUserMetadata("version")).toEqualTypeOf<number | undefined>();
      expectTypeOf(useUserMetadata("version", { suspense: true })).toEqualTypeOf<number>();
      expectTypeOf(useUserMetadata("public.plan", { suspense: true })).toEqualTypeOf<"free" | "pro" | undefined>();
      expectTypeOf(useUserMetadata()).toEqualTypeOf<ReturnType<MetadataClient<Documents>["current"]>>();
      expectTypeOf(useUserMetadata({ suspense: true }).userId).toEqualTypeOf<string>();
      // @ts-expect-error private is nowhere
      useUserMetadata("private.ssn");
      // @ts-expect-error there is no such place
      useUserMetadata("unsafe.colour");
    });
  });
  it("tell who is signed in", () => {
    expectTypeOf<typeof useUser>().returns.toEqualTypeOf<UseUser>();
    expectTypeOf<typeof useUserMetaClient>().returns.toEqualTypeOf<MetadataClient<Documents>>();
    void (({ isSignedIn, user }: UseUser) => {
      if (!isSignedIn) return expectTypeOf(user).toEqualTypeOf<null | undefined>();
      expectTypeOf(user.unsafeMetadata.theme).toEqualTypeOf<"dark" | "light" | undefined>();
      void user.update({ unsafeMetadata: { ...user.unsafeMetadata, theme: "dark" } });
      void user.updateMetadata({ unsafeMetadata: { address: null } });
      // @ts-expect-error no such theme
      void user.update({ unsafeMetadata: { theme: "blue" } });
      // @ts-expect-error public is the server's to write
      void user.update({ publicMetadata: { plan: "pro" } });
    });
  });
  it("refuse to render private metadata", () => {
    const initial = { userId: "ada", public: {}, unsafe: {}, version: 0 };
    expectTypeOf({ initial }).toExtend<UserMetaProviderProps>();
    expectTypeOf({ initial: { ...initial, private: {} } }).not.toExtend<UserMetaProviderProps>();
  });
});
