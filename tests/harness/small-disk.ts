/** A small disk of its own for a folder, which a test fills and empties. Needs the right to mount. */
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

const CHUNK_BYTES = 4_096;

/** Whether this user may mount, and so have such a disk. */
export const canMount = process.getuid?.() === 0;

export class SmallDisk {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Moves a folder that nothing uses to a disk of this size. */
  static of(folder: string, megabytes: number): SmallDisk {
    const kept = `${folder}.kept`;
    renameSync(folder, kept);
    mkdirSync(folder, { mode: 0o700 });
    perform("mount", "-t", "tmpfs", "-o", `size=${megabytes}m,mode=0700`, "tmpfs", folder);
    perform("cp", "-a", `${kept}/.`, folder);
    rmSync(kept, { recursive: true });
    return new SmallDisk(folder);
  }

  /** Takes all the room that is left. */
  fill(): void {
    const file = openSync(this.#ballast, "a");
    try {
      for (;;) writeSync(file, new Uint8Array(CHUNK_BYTES));
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOSPC") throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Gives back what `fill` has taken. */
  empty(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** Ends the disk, also under programs that still use it. */
  remove(): void {
    perform("umount", "--lazy", this.#folder);
  }

  get #ballast(): string {
    return join(this.#folder, "ballast");
  }
}

function perform(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command, { stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`Cannot run ${command.join(" ")}: ${stderr}`);
}
