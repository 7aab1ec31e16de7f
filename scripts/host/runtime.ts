/** Something that programs run on, such as a Java server or a Python environment, and how it is installed. */
import type { Config } from "../lib/config.ts";

/** A part of an installation, by the clock of this process. */
export interface InstallStep {
  /** What is installed. */
  title: string;
  name: string;
  beganMs: number;
  endedMs: number;
}

export interface InstallOptions {
  /** Ends it before it is done. */
  signal?: AbortSignal | undefined;
  /** Takes each step as soon as it is done; what is there already has none. */
  onStep?(step: InstallStep): void;
}

export interface Runtime {
  /** First part of the name of its folder in the cache. */
  name: string;
  title: string;
  /** Its folder in the cache; undefined for one that `bun install` installed. */
  folder?(config: Config): string;
  /** Room that it needs and does not have yet, in bytes; 0 when it is whole. */
  missingBytes(config: Config): number;
  /** Installs what is missing, and nothing when it is whole. */
  install(config: Config, options?: InstallOptions): Promise<void>;
  /** Says what is there, for `doctor`. */
  describe?(config: Config): string;
  /** Files in its folder of which each has an age of its own. */
  agingFiles?: AgingFiles;
}

export interface AgingFiles {
  pattern: RegExp;
  used(config: Config): string[];
}
