/**
 * The loop of `produce`: takes events from the source when they are due and gives them to the
 * sender while it has room. It ends with the source or when it is stopped, and keeps no state
 * beyond the run.
 */

import type { Event } from "../../schema/event.ts";
import type { Message } from "../kafka/encode-records.ts";
import { pause } from "../lib/wait.ts";
import type { Sender } from "./delivery/sender.ts";
import { Pace, ReplayPace } from "./pace.ts";
import type { Source } from "./source.ts";

export interface RunOptions {
  source: Source;
  sender: Sender;
  /** The record to send for an event. */
  messageOf: (event: Event) => Message;
  /** Events per second; 0 for no limit. */
  rate: number;
  /** Recorded seconds per second; undefined when the recorded pace does not matter. */
  speed: number | undefined;
  countMax: number;
  /** Ends the run early, at the next event. */
  stop: AbortSignal;
}

/** At full speed, timers and the network get a turn after at most this many events. */
const EVENTS_PER_TURN_MAX = 8_192;

/**
 * Returns the number of events given to the sender.
 * @throws DeliveryError when the sender failed for good, InputError when the source did
 */
export async function run(options: RunOptions): Promise<number> {
  const { source, sender, messageOf, countMax, stop } = options;
  const pace = new Pace(options.rate, performance.now());
  const replay = options.speed === undefined ? undefined : new ReplayPace(options.speed);
  let count = 0;
  while (count < countMax && !stop.aborted) {
    if (sender.full) {
      await unlessStopped(sender.room(), stop);
      continue;
    }
    const delayMs = pace.delayMs(performance.now());
    if (delayMs > 0) {
      await sleep(delayMs, stop);
      continue;
    }
    const dated = source.next();
    if (!dated) {
      if (await unlessStopped(source.fill(), stop)) continue;
      break;
    }
    for (;;) {
      const earlyMs = replay?.delayMs(dated.createdAtMs, performance.now()) ?? 0;
      if (earlyMs === 0 || stop.aborted) break;
      await sleep(Math.min(earlyMs, TIMER_MS_MAX), stop);
    }
    if (stop.aborted) break;
    sender.add(messageOf(dated.event));
    pace.release();
    count += 1;
    if (count % EVENTS_PER_TURN_MAX === 0) await pause(0);
  }
  return count;
}

/** Timers longer than this fire at once. */
const TIMER_MS_MAX = 2_147_483_647;

/** Resolves like the promise, or with undefined as soon as the run is stopped. */
export async function unlessStopped<T>(
  promise: Promise<T>,
  stop: AbortSignal,
): Promise<T | undefined> {
  const { promise: stopped, resolve } = Promise.withResolvers<undefined>();
  const onStop = () => resolve(undefined);
  if (stop.aborted) onStop();
  stop.addEventListener("abort", onStop, { once: true });
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    // The listeners of a long run's many waits would pile up.
    stop.removeEventListener("abort", onStop);
  }
}

/** Sleeps, or returns early when stopped. */
async function sleep(delayMs: number, stop: AbortSignal): Promise<void> {
  // The caller checks the signal.
  await pause(delayMs, stop).catch(() => {});
}
