/** Keeps the document true: fresh numbers every few seconds, their age every second. */
import type { PublishedSummary } from "../../schema/summary.ts";
import { findState, type PageState } from "../src/page/model/status.ts";
import { describeAge, describeNumbers } from "../src/page/model/view.ts";
import { fill } from "./fill.ts";
import { Poller } from "./poller.ts";
import { drawTimeline } from "./timeline-chart.ts";

const SECOND_MS = 1_000;

export function keepLive(): void {
  const draw = drawTimeline(document.querySelector<HTMLCanvasElement>("#chart")!);
  const written = document.querySelector("#summary")?.textContent ?? "null";
  let summary = JSON.parse(written) as PublishedSummary | undefined;
  // Its age was right when the document left the server, and not when this script got to run.
  let receivedAtMs = findResponseStartMs();
  let announced: PageState | undefined;

  const tick = () => {
    const copy = {
      summary: summary ?? undefined,
      elapsedMs: performance.now() - receivedAtMs,
      failures: poller.failures,
      isOnline: navigator.onLine,
    };
    const age = describeAge(copy);
    fill(age);
    const state = findState(copy);
    // Read out only when the state changes: a number every second would be noise.
    if (announced && announced !== state) announce(age.texts["status.text"] ?? "");
    announced = state;
  };
  const poller = new Poller((fresh) => {
    receivedAtMs = performance.now();
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

function findResponseStartMs(): number {
  const [navigation] = performance.getEntriesByType("navigation");
  return (navigation as PerformanceNavigationTiming | undefined)?.responseStart ?? 0;
}
