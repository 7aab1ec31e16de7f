/** Whether the Python that an environment was made with is still there, and still the same. */
import { existsSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * An environment links to its Python. An upgrade of the system or of a version manager takes that
 * away, or puts another minor version there, which looks for the packages elsewhere.
 */
export function hasOwnPython(folder: string): boolean {
  try {
    const name = basename(realpathSync(join(folder, "bin/python")));
    return !/^python3\.\d+$/.test(name) || existsSync(join(folder, "lib", name));
  } catch {
    return false;
  }
}
