/** Reports when the numbers on the public page move. */
import { z } from "zod";
import { say } from "../../host/progress.ts";
import type { Service } from "../../host/service.ts";
import type { Config } from "../../lib/config.ts";
import { deadline, until } from "../../lib/wait.ts";
import { localAddress, webAddress } from "../../lib/web-address.ts";
import type { Stopwatch } from "./stopwatch.ts";

const ANSWER_MS_MAX = 5_000;
const LIVE_MS_MAX = 600_000;
const ASK_EVERY_MS = 250;

/** The services that make the numbers move. */
const PARTS = ["producer", "consumer", "worker"];

const answerSchema = z.object({ events: z.number(), stale: z.boolean() });

/** Prints when the page of a starting stack is live. A failure here is not a failure of `up`. */
export function watchPage(config: Config, starting: Service[], stopwatch: Stopwatch) {
  const ending = new AbortController();
  const watch = async () => {
    await untilPageMoves(config, ending.signal);
    stopwatch.moment("page with moving numbers");
    say(`The page is live: ${webAddress(config, config.WORKER_PORT)}`);
  };
  const watched = makesPageLive(starting) ? watch().catch(() => {}) : Promise.resolve();
  return {
    settled: (msMax: number) => deadline(watched, msMax).catch(() => {}),
    end: () => ending.abort(),
  };
}

const makesPageLive = (services: Service[]) =>
  PARTS.every((part) => services.some(({ name }) => name === part));

/** Waits until the page shows more events than at first; an old copy of it does not count. */
async function untilPageMoves(config: Config, signal: AbortSignal): Promise<void> {
  let first: number | undefined;
  await until(
    "the page shows new events",
    LIVE_MS_MAX,
    async () => {
      const response = await fetch(`${localAddress(config.WORKER_PORT)}/api/summary`, {
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      if (!response.ok) throw new Error(`it answers ${response.status}`);
      const { events, stale } = answerSchema.parse(await response.json());
      if (stale) throw new Error("it shows an old copy");
      first ??= events;
      if (events <= first) throw new Error(`it shows ${events} events still`);
    },
    { signal, intervalMs: ASK_EVERY_MS },
  );
}
