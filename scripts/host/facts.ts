/** Facts about the current work of services, in a few words for `status`. */
import { z } from "zod";
import { sum } from "../lib/sum.ts";
import { pause } from "../lib/wait.ts";

const SAMPLE_MS = 1_000;

/** How fast a counter grows now, per second. */
export async function perSecond(read: () => Promise<number>): Promise<number> {
  const [first, startMs] = [await read(), performance.now()];
  await pause(SAMPLE_MS);
  const grown = (await read()) - first;
  return (Math.max(0, grown) * 1_000) / (performance.now() - startMs);
}

/** Such as "0.9/s" or "12,000/s". */
export const rate = (perSecond: number): string =>
  `${perSecond < 10 ? perSecond.toFixed(1) : whole(perSecond)}/s`;

export const whole = (value: number): string => Math.round(value).toLocaleString("en-US");

/** How long something is, such as "5 s", "3 min" or "2 h". */
export function span(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}

/** Sum of a metric over its labels, in the text that Prometheus reads. */
export function metricSum(text: string, name: string): number {
  const values = [...text.matchAll(/^(\w+)(?:\{.*\})? (\S+)$/gm)].filter(
    ([, metric]) => metric === name,
  );
  return sum(values.map(([, , value]) => Number(value)));
}

const datedSchema = z.object({ as_of: z.string() });

/** How old the numbers of a public summary are. */
export const ageOfNumbers = (summary: unknown): string =>
  `${span(ageSeconds(datedSchema.parse(summary).as_of))} old`;

export const ageSeconds = (time: string | Date): number =>
  Math.max(0, (Date.now() - new Date(time).getTime()) / 1_000);
