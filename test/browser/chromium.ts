import { chromium, type Browser } from 'playwright-core';
import { chromiumPath } from './available.js';

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Path of a browser of the Chromium family. @throws {Error} when there is none */
export function findChromium(): string {
  if (chromiumPath) return chromiumPath;
  throw new Error('No Chromium or Chrome was found. Install one, or set CHROMIUM_PATH to its executable.');
}

/** Starts that browser, headless. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: QUIET });
}
