/**
 * The Chromium of npm's `@sparticuz/chromium`, for machines without a browser. It is a real
 * Chromium with its own libraries and a font, made for AWS Lambda, which has neither.
 *
 * The package unpacks into the temporary folder of its process, so a process of its own runs it.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import packages from "../../package.json";
import { ROOT } from "../../scripts/lib/config.ts";

const CACHE = join(ROOT, "node_modules/.cache");
const FOLDER = join(CACHE, `chromium-${packages.devDependencies["@sparticuz/chromium"]}`);

/** The folder of the package with a browser for this machine. */
export const isPackaged = process.platform === "linux" && process.arch === "x64";

interface Launch {
  executablePath: string;
  env: Record<string, string>;
}

/** Unpacks the browser at the first call, into a folder that later runs use again. */
export async function packagedChromium(): Promise<Launch> {
  if (!existsSync(FOLDER)) await unpack();
  return {
    executablePath: join(FOLDER, "chromium"),
    env: {
      ...(process.env as Record<string, string>),
      LD_LIBRARY_PATH: join(FOLDER, "al2023/lib"),
      FONTCONFIG_FILE: join(FOLDER, "fonts.conf"),
    },
  };
}

/** A rename puts the whole folder in place, so that a test beside this one never sees half of it. */
async function unpack(): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const draft = mkdtempSync(`${FOLDER}-`);
  try {
    const program = Bun.spawn([process.execPath, "--no-env-file", import.meta.path], {
      // Without this name of a runtime, it leaves out the libraries.
      env: { ...process.env, TMPDIR: draft, AWS_LAMBDA_JS_RUNTIME: "nodejs22.x" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const stderr = await new Response(program.stderr).text();
    if ((await program.exited) !== 0) {
      throw new Error(`Cannot unpack the Chromium of @sparticuz/chromium:\n${stderr}`);
    }
    writeFileSync(join(draft, "fonts.conf"), FONTS);
    renameSync(draft, FOLDER);
  } catch (error) {
    // Another process may have been quicker.
    if (!existsSync(FOLDER)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Fonts of the machine, then the one of the package. */
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>${join(FOLDER, "fonts")}</dir>
  <cachedir>${join(FOLDER, "font-cache")}</cachedir>
</fontconfig>
`;

if (import.meta.main) {
  const { default: chromium } = await import("@sparticuz/chromium");
  await chromium.executablePath();
}
