/**
 * Waits while the disk takes nothing: it is full, or read-only. Counting pauses then, because the index
 * of event ids cannot grow. The log keeps the events until they are counted.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { getLogger } from "../lib/log.ts";
import { Outage } from "../lib/outage.ts";
import { retry } from "../lib/wait.ts";
import { writeBytes } from "./horizon/file-bytes.ts";

/** Codes of the operating system for a disk that takes nothing more, or nothing now. */
const DISK = /^(ENOSPC|EDQUOT|EIO|EROFS|EFBIG|EMFILE|ENFILE)$/;

/** What an index writes at least before it can go on. */
const PROBE_BYTES = 4_194_304;

export const isDiskError = (error: unknown): error is Error =>
  error instanceof Error && DISK.test((error as NodeJS.ErrnoException).code ?? "");

const log = getLogger(["consume"]);

export class Disk {
  readonly #folder: string;
  readonly #outage = new Outage({
    onBegin: (error) =>
      log.error("The disk takes nothing; counting pauses until it does", {
        folder: this.#folder,
        error: (error as Error).message,
      }),
    onEnd: (outageMs) => log.info("The disk takes data again", { outageMs: Math.round(outageMs) }),
  });

  constructor(folder: string) {
    this.#folder = folder;
  }

  get isFull(): boolean {
    return this.#outage.isOpen;
  }

  /** Resolves when a file can be written again, or when the signal is aborted. */
  async untilWritable(error: unknown, signal: AbortSignal): Promise<void> {
    this.#outage.begin(error);
    try {
      await retry(async () => this.#write(), { isRetryable: isDiskError, signal });
      this.#outage.end();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #write(): void {
    const path = join(this.#folder, `probe-${process.pid}`);
    mkdirSync(this.#folder, { recursive: true });
    const descriptor = openSync(path, "w");
    try {
      writeBytes(descriptor, new Uint8Array(PROBE_BYTES), 0);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
      rmSync(path, { force: true });
    }
  }
}
