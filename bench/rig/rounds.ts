/**
 * Repeats a measurement until enough rounds were quiet, and notes the share of other programs. On a
 * busy machine it takes the least disturbed rounds, and the result says so.
 */
import { type CpuUse, disturbance, usedSeconds } from "./cpu.ts";
import { type Spread, spread } from "./spread.ts";

/** A round in which other programs used more than this share of all cores is repeated. */
const DISTURBANCE_MAX = 0.1;

export interface Round {
  events: number;
  seconds: number;
  cpu: CpuUse;
}

export interface Rate {
  eventsPerSecond: Spread;
  eventsPerCpuSecond: Spread;
  /** Medians, in seconds of CPU for a million events. */
  cpuSecondsPerMillion: { client: number; postgres: number; kafka: number };
  /** The share of all cores that other programs used: median, least and most of the rounds. */
  othersShare: Spread;
  rounds: number;
  /** Rounds that were repeated because other programs used too much. */
  repeated: number;
}

export async function quietRounds(wanted: number, attempt: () => Promise<Round>): Promise<Rate> {
  const { taken, repeated } = await leastDisturbed(wanted, attempt);
  return summarize(taken, repeated);
}

/** Makes `wanted` quiet attempts, or twice as many, and returns the least disturbed of those. */
export async function leastDisturbed<Attempt extends { cpu: CpuUse }>(
  wanted: number,
  attempt: () => Promise<Attempt>,
): Promise<{ taken: Attempt[]; repeated: number }> {
  const all: Attempt[] = [];
  const isQuiet = ({ cpu }: Attempt) => disturbance(cpu) <= DISTURBANCE_MAX;
  while (all.filter(isQuiet).length < wanted && all.length < wanted * 2) all.push(await attempt());
  const taken = all.toSorted((a, b) => disturbance(a.cpu) - disturbance(b.cpu)).slice(0, wanted);
  return { taken, repeated: all.length - taken.length };
}

export function summarize(rounds: readonly Round[], repeated = 0): Rate {
  const perMillion = (part: "client" | "postgres" | "kafka") =>
    spread(rounds.map(({ cpu, events }) => (cpu[part] / events) * 1e6)).median;
  return {
    eventsPerSecond: spread(rounds.map(({ events, seconds }) => events / seconds)),
    eventsPerCpuSecond: spread(rounds.map(({ events, cpu }) => events / usedSeconds(cpu))),
    cpuSecondsPerMillion: {
      client: perMillion("client"),
      postgres: perMillion("postgres"),
      kafka: perMillion("kafka"),
    },
    othersShare: spread(rounds.map(({ cpu }) => disturbance(cpu))),
    rounds: rounds.length,
    repeated,
  };
}
