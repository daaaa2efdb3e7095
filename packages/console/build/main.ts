import { writeFileSync } from "node:fs";
import { readPage } from "./page.ts";

// A module, not files: bundlers of applications and platforms without a file system carry it along like any other code.
const dist = new URL("../dist/", import.meta.url);
const { licenses, ...page } = readPage();
writeFileSync(new URL("page.js", dist), `const page = ${JSON.stringify(page)};\nexport const readPage = () => page;\n`);
writeFileSync(new URL("page.licenses.txt", dist), licenses);
