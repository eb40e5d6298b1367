import { existsSync } from 'node:fs';

const { CHROMIUM, REQUIRE_BROWSER } = process.env;

const PLACES = [
  CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * The Chromium of this machine, or undefined.
 * @throws Error where there is none, and `REQUIRE_BROWSER` says that there must be: in CI no test is skipped unnoticed
 */
export function findBrowser(): string | undefined {
  const found = PLACES.find((place) => place !== undefined && existsSync(place));
  if (found === undefined && REQUIRE_BROWSER) throw new Error('there is no Chromium, and REQUIRE_BROWSER is set');
  return found;
}
