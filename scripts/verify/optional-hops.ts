/**
 * Decides which of the optional hops `verify` asks: a platform need not have a Trino or a page. What
 * exists is learned from the settings and from `--expect`, never from a supervisor, so that the proof
 * is the same wherever the programs run.
 */
import type { Config } from "../lib/config.ts";
import type { Form } from "../lib/flags.ts";
import { listens } from "../lib/probe.ts";
import { trinoUrl } from "../lib/trino-address.ts";
import { summaryUrl, workerUrl } from "../lib/web-address.ts";
import type { HopResult } from "./hop.ts";

interface OptionalHop {
  /** From where to where, as in the result. */
  hop: string;
  /** What has to run for it, in the words of a person. */
  title: string;
  /** The command that makes it work on this machine. */
  mend: string;
  /** The setting that says where it is, and its address either way; dbt has none. */
  place?: { setting: keyof Config; url(config: Config): string };
}

/** In the order of the data. */
export const OPTIONAL_HOPS = {
  dbt: {
    hop: "user_events → user_event_summary",
    title: "dbt",
    mend: "bun run transform",
  },
  trino: {
    hop: "user_event_summary → Trino",
    title: "Trino",
    mend: "bun run up trino",
    place: { setting: "TRINO_URL", url: trinoUrl },
  },
  summary: {
    hop: "user_events → summary",
    title: "the summary origin",
    mend: "bun run up summary",
    place: { setting: "SUMMARY_URL", url: summaryUrl },
  },
  worker: {
    hop: "summary → page",
    title: "the page",
    mend: "bun run up worker",
    place: { setting: "WORKER_URL", url: workerUrl },
  },
} as const satisfies Record<string, OptionalHop>;

export type HopName = keyof typeof OPTIONAL_HOPS;
const NAMES = Object.keys(OPTIONAL_HOPS) as HopName[];

/** How hops are named on the command line: separated by commas, or `all`, or `none`. */
export const HOPS: Form<ReadonlySet<HopName>> = {
  hint: "HOPS",
  expected: `${NAMES.join(", ")}, several with commas between, all or none`,
  read(given) {
    if (given === "all") return new Set(NAMES);
    if (given === "none") return new Set();
    const names = given.split(",").map((name) => name.trim());
    if (!names.every((name) => Object.hasOwn(OPTIONAL_HOPS, name))) return undefined;
    return new Set(names as HopName[]);
  },
};

/** Why a hop is not asked, or undefined when it is asked and so has to answer. */
export async function reasonNotAsked(
  name: HopName,
  config: Config,
  expected: ReadonlySet<HopName> | undefined,
): Promise<string | undefined> {
  const { place, mend }: OptionalHop = OPTIONAL_HOPS[name];
  if (expected?.has(name) || (place && config[place.setting] !== undefined)) return undefined;
  if (expected) return "--expect does not name it";
  if (!place) return undefined;
  const { host } = new URL(place.url(config));
  try {
    await listens(host);
    return undefined;
  } catch {
    return `nothing listens at ${host}; \`${mend}\` starts it`;
  }
}

/** The result of a hop that was not asked: it is neither proved nor does it differ. */
export const notAsked = (name: HopName, reason: string): HopResult => ({
  hop: OPTIONAL_HOPS[name].hop,
  equation: `not asked: ${reason}`,
  holds: true,
  isNotAsked: true,
  numbers: {},
  remarks: [],
});

/** The result of a hop that should have answered and did not. */
export const noAnswer = (name: HopName, equation: string, reason: string): HopResult => ({
  hop: OPTIONAL_HOPS[name].hop,
  equation,
  holds: false,
  numbers: {},
  remarks: [reason],
});
