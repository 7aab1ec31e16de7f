/**
 * Brings up the slow services, each by itself: one that fails takes along those that need it and
 * nothing else, since what people came for works by then.
 */
import type { Service } from "../../host/service.ts";

export interface SlowFailure {
  service: Service;
  reason: string;
}

/**
 * Returns what failed, once all others are up.
 * @throws the reason of the signal
 */
export async function startSlow(
  slow: Service[],
  signal: AbortSignal,
  bring: (service: Service, ended: AbortSignal) => Promise<void>,
): Promise<SlowFailure[]> {
  const endings = new Map(slow.map((service) => [service, new AbortController()]));
  const failures: SlowFailure[] = [];
  const bringOne = async (service: Service, ending: AbortController) => {
    try {
      await bring(service, AbortSignal.any([signal, ending.signal]));
    } catch (error) {
      failures.push({ service, reason: (error as Error).message });
      for (const [other, itsEnding] of endings) {
        if (!other.needs.includes(service.name)) continue;
        itsEnding.abort(new Error(`Cannot start ${other.name}: it needs ${service.name}`));
      }
    }
  };
  await Promise.all([...endings].map(([service, ending]) => bringOne(service, ending)));
  signal.throwIfAborted();
  return failures;
}

/** For people: why, what goes on, and what to do. */
export function slowFailureMessage(failures: SlowFailure[]): string {
  const names = failures.map(({ service }) => service.name).join(" ");
  return [
    ...failures.map(({ reason }) => reason),
    `What else was started works and goes on. \`bun run up ${names}\` tries again, and \`bun run logs ${names}\` shows more.`,
  ].join("\n");
}
