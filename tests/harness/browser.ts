/** A real Chromium without a window, for the pages that people see. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { isPackaged, packagedChromium } from "./packaged-chromium.ts";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/**
 * Starts the browser that CHROMIUM names, else one of the system, else the one of the packages.
 *
 * @param further arguments of its command line
 * @throws Error that says how to get a browser when there is none
 */
export async function launchBrowser(...further: string[]): Promise<Browser> {
  return chromium.launch({
    ...(await findBrowser()),
    args: ["--disable-dev-shm-usage", ...further],
  });
}

async function findBrowser() {
  // "packaged" tries the packaged browser on a machine that has another one.
  const given = process.env.CHROMIUM;
  if (given === "packaged") return packagedChromium();
  const executablePath = given ?? PLACES.find((place) => existsSync(place));
  if (executablePath) return { executablePath };
  if (isPackaged) return packagedChromium();
  throw new Error(
    "Cannot look at the pages: no browser is installed; install Chromium, or set CHROMIUM to its path",
  );
}
