/** What axe-core finds wrong in the shown page: rules of WCAG 2.2 A and AA, and best practices. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** One line for each violation: the rule, and the elements. Evaluated by the browser's protocol, which the page's policy does not limit. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(axe.source);
  return await page.evaluate<string[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
       violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')))`,
  );
}
