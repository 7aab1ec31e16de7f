/** Keeps the document true: fresh numbers every few seconds, their age every second. */
import type { PublishedSummary } from "../../schema/summary.ts";
import { findState, type PageState } from "../view/model/status.ts";
import { describeAge, describeNumbers } from "../view/model/view.ts";
import { nowMs, sleptInAllMs } from "./clock.ts";
import { fill } from "./fill.ts";
import { Poller } from "./poller.ts";
import { drawTimeline } from "./timeline-chart.ts";

const SECOND_MS = 1_000;

export function keepLive(): void {
  const draw = drawTimeline(document.querySelector<HTMLCanvasElement>("#chart")!);
  const written = document.querySelector("#summary")?.textContent ?? "null";
  let summary = JSON.parse(written) as PublishedSummary | undefined;
  // Its age was right at some time after the document was asked for, and not when this script ran.
  let startedAtMs = findRequestStartMs();
  let sleptMs = 0;
  let announced: PageState | undefined;

  const tick = () => {
    const isAwakened = sleptInAllMs() > sleptMs;
    sleptMs = sleptInAllMs();
    if (isAwakened) poller.wake();
    const copy = {
      summary: summary ?? undefined,
      elapsedMs: nowMs() - startedAtMs,
      failures: poller.failures,
      isOnline: navigator.onLine,
      isLimited: poller.isLimited,
    };
    const age = describeAge(copy);
    fill(age);
    const state = findState(copy);
    // Read out only when the state changes: a number every second would be noise.
    if (announced && announced !== state) announce(age.texts["status.text"] ?? "");
    announced = state;
  };
  const poller = new Poller((fresh, askedAtMs) => {
    startedAtMs = askedAtMs;
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

function announce(text: string): void {
  const place = document.querySelector("#announcement");
  if (place) place.textContent = text.replace(/[;,]?\s*$/, "");
}

function findRequestStartMs(): number {
  const [navigation] = performance.getEntriesByType("navigation");
  return (navigation as PerformanceNavigationTiming | undefined)?.requestStart ?? 0;
}
