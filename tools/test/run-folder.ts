/**
 * The temporary folder of one run, in place of the system's. It is how a run leaves nothing behind:
 * killed tests cannot stop their own stacks.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programEnvironment } from "../../tests/harness/script.ts";
import { removeStack, STACK_PREFIX } from "../../tests/harness/stack.ts";

export const makeRunFolder = (): string => mkdtempSync(join(tmpdir(), "test-"));

/**
 * Stops the stacks that tests have left running there, and deletes the folder. Returns their
 * number.
 */
export async function removeRunFolder(folder: string): Promise<number> {
  const left = readdirSync(folder).filter((name) => name.startsWith(STACK_PREFIX));
  for (const name of left) {
    await removeStack({ ...programEnvironment(), STATE_DIR: join(folder, name) });
  }
  rmSync(folder, { recursive: true, force: true });
  return left.length;
}
