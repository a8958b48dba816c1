/** Debian's Chromium, without a window. */
import { type Browser, chromium } from 'playwright-core';

export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    // The tests may run as root, for whom Chromium has no sandbox. They open only pages of this repository.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}
