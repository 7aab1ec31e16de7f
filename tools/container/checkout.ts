/** A copy of this checkout as another person has it: only files that git knows or would know. */
import { mkdirSync } from "node:fs";
import { ROOT } from "../../scripts/lib/config.ts";
import { checkoutFiles } from "../checkout-files.ts";
import { run } from "../process.ts";

/** The user of the image. */
const USER = "1000:1000";

/** Writes it to a file, as tar does. */
export async function packCheckout(archive: string): Promise<void> {
  await run(["tar", "-C", ROOT, "--null", "--files-from=-", "-cf", archive], {
    stdin: new Blob([checkoutFiles().join("\0")]),
  });
}

export async function copyCheckout(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await packCheckout(`${folder}.tar`);
  await run(["tar", "-C", folder, "-xf", `${folder}.tar`]);
  if (process.getuid?.() === 0) await run(["chown", "--recursive", USER, folder]);
}
