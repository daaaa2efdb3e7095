import { type Quirks, testBinding } from "@usermeta/testkit";
import type { Serve } from "../host/config.ts";
import { onNextjs, onNextjsPages } from "../host/nextjs.ts";

function test(name: string, start: Serve, quirks: Quirks): void {
  testBinding(name, (mounting) => start({ ...mounting, port: 0 }), { cleansTargets: true, ...quirks });
}
for (const prefix of ["", "/usermeta"]) {
  const under = prefix && ` under ${prefix}`;
  test(`next.js app router${under}`, onNextjs, { prefix, framesAnswers: true });
  test(`next.js pages router${under}`, onNextjsPages, { prefix });
}
test("next.js pages router after its body parser", onNextjsPages, { prefix: "/parsed", parsesBodies: true, readsBodies: true });
