import { expect, it } from "vitest";
import { transientMap } from "../../src/metadata/transient-map.ts";

it("keeps what is in it, however many keys have come and gone", () => {
  const map = transientMap<string, number>();
  map.set("steady", -1);
  for (let i = 0; i < 10_000; i++) {
    map.set(`key ${i}`, i);
    expect(map.get(`key ${i}`)).toBe(i);
    if (i > 0) map.delete(`key ${i - 1}`);
  }
  expect([...map.values()]).toEqual([-1, 9_999]);
  map.delete("key 9999");
  map.delete("never there");
  expect([...map.values()]).toEqual([-1]);
});
