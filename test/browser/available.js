import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const { env, platform } = process;

/** Where browsers of the Chromium family usually are, on Linux, macOS and Windows. */
function usualPlaces() {
  if (platform === 'darwin') {
    const apps = ['Google Chrome', 'Chromium', 'Microsoft Edge'];
    return ['/Applications', join(homedir(), 'Applications')].flatMap((folder) =>
      apps.map((app) => join(folder, `${app}.app`, 'Contents', 'MacOS', app)),
    );
  }
  if (platform === 'win32') {
    const programs = ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'];
    return [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].flatMap((folder) =>
      folder ? programs.map((program) => join(folder, program)) : [],
    );
  }
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const folders = new Set(['/usr/bin', ...(env.PATH ?? '').split(delimiter).filter(Boolean), '/snap/bin']);
  return [...folders].flatMap((folder) => names.map((name) => join(folder, name)));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The browser for the browser tests: what CHROMIUM_PATH names or, where it is not set, one found; null where there is none. */
export const chromiumPath = (env.CHROMIUM_PATH ? [env.CHROMIUM_PATH] : usualPlaces()).find(isExecutable) ?? null;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(`${chromiumPath ?? 'No Chromium or Chrome was found.'}\n`);
  process.exitCode = chromiumPath ? 0 : 1;
}
