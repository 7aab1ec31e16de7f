/**
 * Asks for the summary again and again while somebody looks: not in a hidden tab, at once when the
 * tab is seen again or the browser is back online, and less often when nobody touches the page.
 */
import type { PublishedSummary } from "../../schema/summary.ts";
import { ANSWER_MS_MAX, isUntouched, pollIntervalMs, retryAfterMs } from "../view/model/poll.ts";
import { nowMs } from "./clock.ts";

const INTERACTIONS = ["pointerdown", "pointermove", "keydown", "scroll", "touchstart"];

export class Poller {
  readonly #onSummary: (summary: PublishedSummary, startedAtMs: number) => void;
  #etag: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  #touchedAtMs = nowMs();
  #askedAtMs = nowMs();
  /** Until then the Worker has told this address to wait; 0 when it has not. */
  #waitUntilMs = 0;
  /** Requests in a row that brought no answer. */
  failures = 0;
  /** Whether the last answer was that the address asks too often. */
  isLimited = false;

  constructor(onSummary: (summary: PublishedSummary, startedAtMs: number) => void) {
    this.#onSummary = onSummary;
  }

  start(): void {
    document.addEventListener("visibilitychange", () => this.wake());
    // Also a page that the browser had put aside whole, and took out again by its back button.
    addEventListener("pageshow", ({ persisted }) => persisted && this.wake());
    addEventListener("online", () => this.wake());
    for (const name of INTERACTIONS) {
      addEventListener(name, () => this.#touch(), { passive: true, capture: true });
    }
    this.#plan();
  }

  /** Asks at once, unless the tab is hidden or the Worker has told the page to wait. */
  wake(): void {
    this.#touchedAtMs = nowMs();
    clearTimeout(this.#timer);
    if (document.hidden || this.#isAsking) return;
    if (nowMs() < this.#waitUntilMs) this.#plan();
    else void this.#ask();
  }

  #touch(): void {
    const quietMs = nowMs() - this.#touchedAtMs;
    this.#touchedAtMs = nowMs();
    // Only what was planned for an untouched page is planned anew: a pointer moves often.
    if (isUntouched(quietMs) && this.failures === 0 && !this.#isAsking) this.#plan();
  }

  #plan(): void {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    const plannedAtMs = nowMs();
    const quietMs = plannedAtMs - this.#touchedAtMs;
    const intervalMs = pollIntervalMs(this.failures, Math.random(), quietMs);
    const nextAtMs = Math.max(this.#askedAtMs + intervalMs, this.#waitUntilMs);
    this.#timer = setTimeout(() => void this.#ask(), Math.max(0, nextAtMs - plannedAtMs));
  }

  async #ask(): Promise<void> {
    const startedAtMs = nowMs();
    this.#askedAtMs = startedAtMs;
    this.#isAsking = true;
    try {
      const answer = await fetch("/api/summary", {
        // The copy is kept here: an answer without a body says that it is still the newest.
        cache: "no-store",
        headers: this.#etag ? { "if-none-match": this.#etag } : {},
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      this.isLimited = answer.status === 429;
      this.#waitUntilMs = this.isLimited
        ? nowMs() + retryAfterMs(answer.headers.get("retry-after"))
        : 0;
      if (answer.status !== 304) {
        if (!answer.ok) throw new Error(`The summary answered ${answer.status}`);
        this.#onSummary((await answer.json()) as PublishedSummary, startedAtMs);
        this.#etag = answer.headers.get("etag") ?? undefined;
      }
      this.failures = 0;
    } catch {
      // The page says so by itself, once the numbers are old.
      this.failures += 1;
    } finally {
      this.#isAsking = false;
      this.#plan();
    }
  }
}
