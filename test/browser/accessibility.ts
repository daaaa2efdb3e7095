import axe from "axe-core";
import type { Page } from "playwright-core";

/**
 * What axe-core finds wrong with a page as it is shown now, by WCAG 2.2 A and AA and its best practices: one line for each
 * element. Works under any Content-Security-Policy.
 *
 * ```ts
 * expect(await violations(page)).toEqual([]);
 * ```
 */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source); // not a script tag, which the page's policy would refuse
  const results = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return results.violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
}
