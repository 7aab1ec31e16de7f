/**
 * Archives of the classes that a Java program loads, with which it starts in half the time or less. A
 * scratch program makes one: it does what the real one does at first, and Java notes the classes.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Config } from "../lib/config.ts";
import { GiveUp, until } from "../lib/wait.ts";
import { javaOptions, keyOf, OPS_LOCK } from "./folders.ts";
import { takeLock } from "./lock.ts";
import type { AgingFiles, Runtime } from "./runtime.ts";
import type { Job, Launch } from "./service.ts";
import { bunCommand } from "./start.ts";

const READY_MS_MAX = 180_000;
const END_MS_MAX = 180_000;

/** The archive of the program in that folder. It works only with this Java, and with files there. */
export const javaArchive = (folder: string) =>
  join(folder, `classes-${keyOf(readFileSync(OPS_LOCK), folder)}.aot`);

/** A running program keeps in memory what it has read of its archive. */
export const agingArchive = (folder: (config: Config) => string): AgingFiles => ({
  pattern: /^classes-[0-9a-f]{12}\.aot$/,
  used: (config) => [javaArchive(folder(config))],
});

/**
 * Java's options for the program in that folder: to use its archive, if there is one, and those of the
 * settings. With `output`, it writes an archive there when it ends, which is for every stack of the
 * machine.
 */
export function archiveOptions(config: Config, folder: string, output?: string): string[] {
  if (output) return [`-XX:AOTCacheOutput=${output}`];
  const archive = javaArchive(folder);
  const flag = existsSync(archive) ? `-XX:AOTCache=${archive}` : "-XX:AOTMode=off";
  return [flag, ...javaOptions(config)];
}

/** Makes the archive of a program in the background, by `train-archive.ts` in the program's folder. */
export const archiveJob = ({ name, title, folder }: ArchivedRuntime): Job => ({
  title: `fast start of ${title}`,
  program: {
    name: `${name}-archive`,
    launch: () => ({ command: bunCommand(`${name}/train-archive.ts`) }),
    secrets: [],
  },
  isMissing: (config) => !existsSync(javaArchive(folder(config))),
});

type ArchivedRuntime = Pick<Runtime, "name" | "title"> & { folder(config: Config): string };

interface Scratch {
  /** Its own folder, which is deleted in the end. */
  folder: string;
  /** How it is started, to write the archive to `output`. */
  launch(output: string): Promise<Launch> | Launch;
  /** Throws while it does not work yet. */
  answers(): Promise<void>;
  /** What the real program does at first. */
  exercise?(): Promise<void>;
}

/**
 * Makes the archive unless it is there, and sets the exit status. It appears whole or not at all, and
 * only one process of the machine makes it. All other processes take precedence.
 */
export async function makeArchive(archive: string, scratch: Scratch): Promise<void> {
  setPriority(constants.priority.PRIORITY_LOW);
  try {
    const release = await takeLock(`${archive}.lock`, READY_MS_MAX + END_MS_MAX);
    try {
      if (!existsSync(archive)) await train(archive, scratch);
    } finally {
      release();
    }
  } catch (error) {
    console.error(`Cannot make ${archive}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

async function train(archive: string, { folder, launch, answers, exercise }: Scratch) {
  const draft = join(dirname(archive), `.${basename(archive)}.${process.pid}`);
  removeDrafts(archive);
  rmSync(folder, { recursive: true, force: true });
  const { command, environment, folder: cwd } = await launch(draft);
  const program = Bun.spawn(command, {
    cwd: cwd!,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const hasEnded = () => program.exitCode !== null || program.signalCode !== null;
  process.on("SIGTERM", () => program.kill("SIGKILL"));
  try {
    await until("the scratch program answers", READY_MS_MAX, async () => {
      if (hasEnded()) throw new GiveUp("it ended");
      await answers();
    });
    await exercise?.();
    program.kill("SIGTERM");
    await until("the archive is written", END_MS_MAX, async () => {
      if (!hasEnded()) throw new Error("Java still writes it");
    });
    renameSync(draft, archive);
    console.log(`Made ${archive}`);
  } finally {
    program.kill("SIGKILL");
    removeDrafts(archive);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Also removes those of killed processes. */
function removeDrafts(archive: string): void {
  for (const name of readdirSync(dirname(archive))) {
    if (name.startsWith(`.${basename(archive)}.`)) rmSync(join(dirname(archive), name));
  }
}
