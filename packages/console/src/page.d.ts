/** A file of the page. */
export interface Asset {
  /** Its name, which changes with its content, e.g. `console-3f9a0c41d2b7e865.js`. */
  readonly name: string;
  readonly type: string;
  /** The content, in ASCII. */
  readonly text: string;
}
/** The page as it is served: bundled and minified. */
export interface Page {
  readonly script: Asset;
  readonly style: Asset;
}
/** The page of this build; in a checkout it is bundled when it is first asked for. */
export function readPage(): Page;
