/** A summary origin with scripted answers, for behaviour that a real one never shows on demand. */

import { TIMELINE_MINUTES } from "../../schema/limits.ts";
import { AGE_HEADER, type Summary } from "../../schema/summary.ts";

const MINUTE_MS = 60_000;

export class FakeOrigin {
  static readonly SECRET = "the secret that the tests show the origin";
  /** The requests, by path. */
  readonly asked: { path: string; headers: Headers }[] = [];
  /** Changed at will; for good answers as {@link FakeOrigin.good} makes them. */
  answer: (request: Request) => Response | Promise<Response> = () => this.good();
  #server = this.#listen(0);
  readonly #port = this.#server.port!;

  #listen(port: number) {
    return Bun.serve({
      hostname: "127.0.0.1",
      port,
      fetch: (request) => {
        const { pathname } = new URL(request.url);
        this.asked.push({ path: pathname, headers: request.headers });
        return this.answer(request);
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The number of requests for the summary. */
  get requests(): number {
    return this.asked.filter(({ path }) => path === "/summary").length;
  }

  good(changes: Record<string, unknown> = {}, ageMs = 0): Response {
    return Response.json(
      { ...summaryAt(Date.now() - ageMs), ...changes },
      { headers: { [AGE_HEADER]: String(ageMs) } },
    );
  }

  /** Listens again on the port that it had before it was stopped. */
  start(): void {
    this.#server = this.#listen(this.#port);
  }

  stop(): Promise<void> {
    return this.#server.stop(true);
  }
}

/** A summary of that time, with some number in each field. */
function summaryAt(timeMs: number): Summary {
  const asText = (ms: number) => new Date(ms).toISOString();
  const minuteMs = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
  return {
    version: 1,
    as_of: asText(timeMs),
    events: 1_234,
    events_today: 345,
    users: 56,
    events_by_type: { view: 1_000, click: 200, purchase: 34 },
    conversion_rate: 0.034,
    timeline: Array.from({ length: TIMELINE_MINUTES }, (_, index) => ({
      minute: asText(minuteMs - (TIMELINE_MINUTES - 1 - index) * MINUTE_MS),
      view: index,
      click: index % 7,
      purchase: index % 3,
    })),
    top_users: null,
    freshness: {
      newest_event_at: asText(timeMs - 500),
      event_to_kafka_ms: 4,
      kafka_to_table_ms: 9,
      summary_ms: 3,
      settled_at: asText(minuteMs),
    },
    ledger: {
      state: "exact",
      read: 1_240,
      stored: 1_234,
      duplicates: 5,
      rejected: 1,
      retractions: 0,
      retracted: 0,
      removed: 0,
      absent: 0,
      lost: 0,
      standing: 0,
      counted: 1_234,
    },
    pause: null,
  };
}
