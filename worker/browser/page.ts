/** The script of the page and of the frame: fresh numbers every few seconds, their age every second. */
import type { PublishedSummary } from "../../schema/summary.ts";
import { findState, type PageState } from "../view/status.ts";
import { describeAge, describeNumbers } from "../view/view.ts";
import { drawTimeline } from "./chart.ts";
import { nowMs, totalSleepMs } from "./clock.ts";
import { fill } from "./fill.ts";
import { Poller } from "./poller.ts";

const SECOND_MS = 1_000;

keepLive();

function keepLive(): void {
  const draw = drawTimeline(document.querySelector<HTMLCanvasElement>("#chart")!);
  const embedded = document.querySelector("#summary")?.textContent ?? "null";
  let summary = JSON.parse(embedded) as PublishedSummary | null;
  // The embedded age was right after the document was requested, not when this script started.
  let startedAtMs = findRequestStartMs();
  let sleptMs = 0;
  let announced: PageState | undefined;

  const tick = () => {
    const hasSlept = totalSleepMs() > sleptMs;
    sleptMs = totalSleepMs();
    if (hasSlept) poller.wake();
    const data = {
      summary: summary ?? undefined,
      elapsedMs: nowMs() - startedAtMs,
      failures: poller.failures,
      isOnline: navigator.onLine,
      isLimited: poller.isLimited,
    };
    const age = describeAge(data);
    fill(age);
    const state = findState(data);
    // Announced only when the state changes: a number every second would be noise.
    if (announced && announced !== state) announce(age.texts["status.text"] ?? "");
    announced = state;
  };
  const poller = new Poller((fresh, requestedAtMs) => {
    startedAtMs = requestedAtMs;
    summary = fresh;
    fill(describeNumbers(fresh));
    draw(fresh.timeline);
    tick();
  });

  if (summary) draw(summary.timeline);
  tick();
  setInterval(() => document.hidden || tick(), SECOND_MS);
  for (const change of ["online", "offline"]) addEventListener(change, tick);
  poller.start();
}

/** For screen readers. */
function announce(text: string): void {
  const region = document.querySelector("#announcement");
  if (region) region.textContent = text.replace(/[;,]?\s*$/, "");
}

function findRequestStartMs(): number {
  const [navigation] = performance.getEntriesByType("navigation");
  return (navigation as PerformanceNavigationTiming | undefined)?.requestStart ?? 0;
}
