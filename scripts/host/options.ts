/** What all installers take. */

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
  signal?: AbortSignal;
  /** Takes each step as soon as it is done; what is there already has none. */
  onStep?(step: InstallStep): void;
}
