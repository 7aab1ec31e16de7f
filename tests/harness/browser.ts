/** A real Chromium without a window, for the pages that people see. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/**
 * Starts the browser, with further arguments of its command line.
 * @throws Error that says how to get a browser when there is none
 */
export async function launchBrowser(...further: string[]): Promise<Browser> {
  const given = process.env.CHROMIUM;
  const executablePath = given ?? PLACES.find((place) => existsSync(place));
  if (!executablePath) {
    throw new Error(
      "Cannot look at the pages: Chromium is not installed; `apt-get install chromium`, or name it in CHROMIUM",
    );
  }
  // Its own sandbox asks for rights that the root of a container does not have.
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({
    executablePath,
    args: [...sandbox, "--disable-dev-shm-usage", ...further],
  });
}
