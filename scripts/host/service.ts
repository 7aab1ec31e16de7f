/**
 * What a service of the platform declares about itself, in the `service.ts` of its folder. The stack
 * knows services only by these fields; scripts/stack/services.ts lists them.
 */
import type { Config } from "../lib/config.ts";
import type { DataKind } from "../lib/local-data.ts";
import type { Runtime } from "./runtime.ts";

/** Names of settings whose value is a port. */
export type PortSetting = Extract<keyof Config, `${string}_PORT`>;

/** Generated secrets: the setting, and what makes a value in the form that its reader asks for. */
export type Secrets = Partial<Record<keyof Config, () => string>>;

export interface Service {
  /** Word by which people name it. */
  name: string;
  /** What it is, in a few words, for `status`. */
  title: string;
  /** Its folder in the checkout. A running stack restarts when a file in it changes. */
  folder: string;
  /** Parts of that folder which running programs read again, so that nothing has to restart. */
  readAgain?: string[];
  /** A service outside the default group starts only when it or its group is named. @default {"default"} */
  group?: string;
  /** A slow service starts after all others are ready, and takes no processor from them. @default {false} */
  isSlow?: boolean;
  /** Names of the services that must work before this one can. */
  needs: string[];
  /** Settings of the ports it listens on; clients come to the first. */
  ports: PortSetting[];
  /** Its programs, each before those that call it. Each is restarted and logged separately. */
  programs: Program[];
  /** What all its programs run on. */
  runtimes: Runtime[];
  /** Its data on this machine: `status` says when the room for it runs out. */
  data?: DataKind;
  /** Bytes that its data takes from the start. @default {0} */
  dataBytes?: number;
  /** Secrets that `up` generates. */
  secrets?: Secrets;
  /** Secrets that only the server itself accepts: not generated for one that runs elsewhere. */
  serverSecrets?: Secrets;
  /** The setting that says that it runs elsewhere; undefined when it runs here. */
  elsewhere?(config: Config): keyof Config | undefined;
  /** Where people and programs reach it; undefined for one that only calls others. */
  address(config: Config): string | undefined;
  /** How people log in there: a name, and the setting that holds the password. */
  login?: { user: string; setting: keyof Config };
  /** Throws, with the reason, while the service does not work. The caller sets the deadline. */
  probe(config: Config, processes: ProcessInfo[]): Promise<void>;
  /** What has gone wrong inside although it works. */
  fault?(config: Config): Promise<string | undefined>;
  /** A few words on its work now, such as a lag or an age, for `status`. */
  facts?(config: Config): Promise<string | undefined>;
  /** What the machine has to have for it, for `doctor`. */
  checks?(): Finding[];
  /** How long a start may take on a slow machine, in milliseconds. */
  readyMsMax: number;
  /** Work that `up` leaves to the supervisor once the service runs. */
  job?: Job;
}

/** What `doctor` found out about one thing. */
export interface Finding {
  subject: string;
  /** `later` is what the next `up` installs or makes. */
  state: "ok" | "later" | "missing";
  found: string;
  mend?: string;
}

export interface Program {
  /** Also the name of its log. That of the service when it is the only one. */
  name: string;
  /** Prepares what the program needs, and says how to run it. */
  launch(config: Config): Promise<Launch> | Launch;
  /** Secret settings that the program may know. All others are kept from it. */
  secrets: (keyof Config)[];
  /** @default {"TERM"} */
  stopSignal?: "INT" | "TERM";
  /** Whether the signal goes to its children, too. @default {true} */
  stopsChildren?: boolean;
  /** How long it may take to end, in seconds. @default {30} */
  stopSecondsMax?: number;
  /** Limit of its container in compose.yaml, on a machine of 8 GB. */
  memory: { megabytesMax: number; growsWith?: keyof Config };
}

export interface Launch {
  /** The program, by an absolute path, and its arguments. */
  command: string[];
  /** What it finds in its environment besides the settings. */
  environment?: Record<string, string>;
  /** Where it runs. @default {ROOT} */
  folder?: string;
}

/** Work that is done once on a machine, in the background. */
export interface Job {
  program: Pick<Program, "name" | "launch" | "secrets">;
  /** What it makes possible, for `doctor`. */
  title: string;
  isMissing(config: Config): boolean;
}

/** What the supervisor knows of one program. */
export interface ProcessInfo {
  name: string;
  /** The service that it is part of. */
  group: string;
  /** STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED or FATAL. */
  state: string;
  processId: number;
  startedAtSeconds: number;
  /** Why it is not running, in the supervisor's words. */
  reason: string;
}

/** The group of services that `up` starts when none is named. */
export const DEFAULT_GROUP = "default";

export const groupOf = ({ group = DEFAULT_GROUP }: Service) => group;

/** Names of the programs that a service consists of. */
export const programNames = ({ programs }: Service): string[] => programs.map(({ name }) => name);
