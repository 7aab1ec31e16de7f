/**
 * Asks for the summary again and again while somebody looks: not in a hidden tab, and at once when
 * the tab is seen again or the browser is back online.
 */
import type { PublishedSummary } from "../../schema/summary.ts";
import { ANSWER_MS_MAX, pollIntervalMs } from "../src/page/model/poll.ts";

export class Poller {
  readonly #onSummary: (summary: PublishedSummary) => void;
  #etag: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  /** Requests in a row that brought no answer. */
  failures = 0;

  constructor(onSummary: (summary: PublishedSummary) => void) {
    this.#onSummary = onSummary;
  }

  start(): void {
    document.addEventListener("visibilitychange", () => this.#wake());
    // Also a page that the browser had put aside whole, and took out again by its back button.
    addEventListener("pageshow", ({ persisted }) => persisted && this.#wake());
    addEventListener("online", () => this.#wake());
    this.#plan(performance.now());
  }

  #wake(): void {
    clearTimeout(this.#timer);
    if (!document.hidden && !this.#isAsking) void this.#ask();
  }

  #plan(startedAtMs: number): void {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    const intervalMs = pollIntervalMs(this.failures, Math.random());
    const waitMs = Math.max(0, startedAtMs + intervalMs - performance.now());
    this.#timer = setTimeout(() => void this.#ask(), waitMs);
  }

  async #ask(): Promise<void> {
    const startedAtMs = performance.now();
    this.#isAsking = true;
    try {
      const answer = await fetch("/api/summary", {
        // The copy is kept here: an answer without a body says that it is still the newest.
        cache: "no-store",
        headers: this.#etag ? { "if-none-match": this.#etag } : {},
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      if (answer.status !== 304) {
        if (!answer.ok) throw new Error(`The summary answered ${answer.status}`);
        this.#onSummary((await answer.json()) as PublishedSummary);
        this.#etag = answer.headers.get("etag") ?? undefined;
      }
      this.failures = 0;
    } catch {
      // The page says so by itself, once the numbers are old.
      this.failures += 1;
    } finally {
      this.#isAsking = false;
      this.#plan(startedAtMs);
    }
  }
}
