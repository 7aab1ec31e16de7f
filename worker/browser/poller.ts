/**
 * Requests the summary at intervals while a person looks, and less often when the page is idle. A
 * hidden tab sends nothing. It asks at once when it is shown, or when the browser is back online.
 */
import type { PublishedSummary } from "../../schema/summary.ts";
import { nowMs } from "./clock.ts";
import { isIdle, pollIntervalMs, RESPONSE_MS_MAX, retryAfterMs } from "./poll-interval.ts";

const INTERACTIONS = ["pointerdown", "pointermove", "keydown", "scroll", "touchstart"];

type OnSummary = (summary: PublishedSummary, requestedAtMs: number) => void;

export class Poller {
  readonly #onSummary: OnSummary;
  #etag: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isRequesting = false;
  #touchedAtMs = nowMs();
  #requestedAtMs = nowMs();
  /** The Worker has told this address to wait until then; 0 when it has not. */
  #waitUntilMs = 0;
  /** Failed requests in a row. */
  failures = 0;
  /** Whether the last response refused this address for sending too many requests. */
  isLimited = false;

  constructor(onSummary: OnSummary) {
    this.#onSummary = onSummary;
  }

  start(): void {
    document.addEventListener("visibilitychange", () => this.wake());
    // A page that the browser had cached whole, and shows again after the back button.
    addEventListener("pageshow", ({ persisted }) => persisted && this.wake());
    addEventListener("online", () => this.wake());
    for (const name of INTERACTIONS) {
      addEventListener(name, () => this.#touch(), { passive: true, capture: true });
    }
    this.#plan();
  }

  /** Sends a request at once, unless the tab is hidden or the Worker has told the page to wait. */
  wake(): void {
    this.#touchedAtMs = nowMs();
    clearTimeout(this.#timer);
    if (document.hidden || this.#isRequesting) return;
    if (nowMs() < this.#waitUntilMs) this.#plan();
    else void this.#request();
  }

  #touch(): void {
    const quietMs = nowMs() - this.#touchedAtMs;
    this.#touchedAtMs = nowMs();
    // A pointer moves often: only the long interval of an idle page is planned again.
    if (isIdle(quietMs) && this.failures === 0 && !this.#isRequesting) this.#plan();
  }

  #plan(): void {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    const plannedAtMs = nowMs();
    const quietMs = plannedAtMs - this.#touchedAtMs;
    const intervalMs = pollIntervalMs(this.failures, Math.random(), quietMs);
    const nextAtMs = Math.max(this.#requestedAtMs + intervalMs, this.#waitUntilMs);
    this.#timer = setTimeout(() => void this.#request(), Math.max(0, nextAtMs - plannedAtMs));
  }

  async #request(): Promise<void> {
    const requestedAtMs = nowMs();
    this.#requestedAtMs = requestedAtMs;
    this.#isRequesting = true;
    try {
      const response = await fetch("/api/summary", {
        // The page keeps its own copy: a 304 without a body says that it is still the newest.
        cache: "no-store",
        headers: this.#etag ? { "if-none-match": this.#etag } : {},
        signal: AbortSignal.timeout(RESPONSE_MS_MAX),
      });
      this.isLimited = response.status === 429;
      this.#waitUntilMs = this.isLimited
        ? nowMs() + retryAfterMs(response.headers.get("retry-after"))
        : 0;
      if (response.status !== 304) {
        if (!response.ok) throw new Error(`The summary answered ${response.status}`);
        this.#onSummary((await response.json()) as PublishedSummary, requestedAtMs);
        this.#etag = response.headers.get("etag") ?? undefined;
      }
      this.failures = 0;
    } catch {
      // The status line says so once the numbers are old.
      this.failures += 1;
    } finally {
      this.#isRequesting = false;
      this.#plan();
    }
  }
}
