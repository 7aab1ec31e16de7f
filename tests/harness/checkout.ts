/**
 * A copy of the checkout, as a person would have it: the files that git knows, and the packages.
 */
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";
import { checkoutFiles } from "../../tools/checkout-files.ts";

/** Nothing that a test needs is in it. */
const LEFT_OUT = /^bench\//;

/** New files count, too; the packages are shared. */
export function copyCheckout(folder: string): void {
  for (const path of checkoutFiles().filter((each) => !LEFT_OUT.test(each))) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    cpSync(join(ROOT, path), join(folder, path));
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
}
