import { expect } from "vitest";

/** Headers whose value is a list: more members than the expected ones do no harm. */
const lists = ["vary", "cache-control", "allow", "accept", "accept-patch", "access-control-allow-headers"];

/**
 * Checks one header against what a case says of it, literally or in words.
 * `echoed`: the same header in the answer to a request that asked for other things.
 */
export function expectHeader(
  name: string,
  wanted: string,
  actual: string | undefined,
  etag: string,
  echoed?: string,
): void {
  const value = actual ?? expect.unreachable(`no ${name} header`);
  const members = value.toLowerCase().split(/\s*,\s*/);
  const limit = /^<=(\d+)$/.exec(wanted)?.[1];
  if (wanted === "present") expect(value).not.toBe("");
  else if (wanted === "same") expect(value).toBe(etag);
  else if (limit !== undefined) expect(Number(value)).toBeLessThanOrEqual(Number(limit));
  else if (wanted === "fixed list, not echoed") expect(value).toBe(echoed);
  else if (/ or /.test(wanted)) expect(members.some((member) => wanted.split(" or ").includes(member))).toBe(true);
  else if (lists.includes(name.toLowerCase()))
    expect(members).toEqual(expect.arrayContaining(wanted.toLowerCase().split(/\s*,\s*/)));
  else expect(value).toBe(wanted);
}
