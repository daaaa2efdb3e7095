// What an application does on Workers, for `workerd test`: keys from its configuration, and no file system.
import { jwtVerifier } from "@usermeta/core";
import { fixedKeys, sessionIssuer } from "@usermeta/issuer";
import { exportJWK, generateKeyPair } from "jose";
import { audience, issuer, userOf } from "./samples.ts";

export default {
  async test(): Promise<void> {
    for (const algorithm of ["RS256", "ES256", "EdDSA"] as const) {
      const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
      const claims = { plan: "{{user.public_metadata.plan || 'free'}}" };
      const from = sessionIssuer({ keys: await fixedKeys([await exportJWK(privateKey)]), issuer, audience, claims });
      const { token } = await from.issue({ user: userOf() });
      const { keys } = await from.keySet();
      const { userId, claims: read } = await jwtVerifier({ issuer, audience, keys })(token);
      if (userId !== "ada" || read["plan"] !== "free") throw new Error(`${algorithm} does not work here`);
      console.log(`${algorithm} works`);
    }
  },
};
