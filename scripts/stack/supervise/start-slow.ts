/**
 * Starts the slow services independently. When one fails, so do those that need it, and nothing
 * else stops: the main services already work.
 */
import type { Service } from "../../host/service.ts";

export interface SlowFailure {
  service: Service;
  reason: string;
}

/**
 * Returns the failed services, once all others are ready.
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

/** For people: the reason, what still runs, and what to do. */
export function slowFailureMessage(failures: SlowFailure[]): string {
  const names = failures.map(({ service }) => service.name).join(" ");
  return [
    ...failures.map(({ reason }) => reason),
    `What else was started works and goes on. \`bun run up ${names}\` tries again, and \`bun run logs ${names}\` shows more.`,
  ].join("\n");
}
