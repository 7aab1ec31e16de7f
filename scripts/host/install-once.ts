/**
 * Installs one thing into its folder in the cache. One process of the machine does it, while others
 * wait and then find it there. The lock is beside the folder and ends with its holder.
 */
import { dirname } from "node:path";
import { makePrivateFolder } from "./folders.ts";
import { takeLock } from "./lock.ts";
import { Progress } from "./progress.ts";
import type { InstallOptions } from "./runtime.ts";

const WAIT_MS_MAX = 900_000;

interface Installation {
  title: string;
  /** Its folder in the cache. */
  folder: string;
  /** How long to wait for another process that installs it. @default {900000} */
  waitMsMax?: number;
  isInstalled(): boolean;
  /** How much there is to do, such as "90 MB to download". */
  amount(): string;
  /** Makes the folder. A killed one must not look installed. */
  make(progress: Progress): Promise<void>;
}

export async function installOnce(
  { title, folder, waitMsMax = WAIT_MS_MAX, isInstalled, amount, make }: Installation,
  options: InstallOptions,
): Promise<void> {
  if (isInstalled()) return;
  makePrivateFolder(dirname(folder));
  const release = await takeLock(`${folder}.lock`, waitMsMax, {
    signal: options.signal,
    holderDoes: `installs ${title}`,
  });
  try {
    if (isInstalled()) return;
    const progress = new Progress(title, amount(), options);
    try {
      await make(progress);
      progress.done();
    } catch (error) {
      progress.failed();
      throw error;
    }
  } finally {
    release();
  }
}
