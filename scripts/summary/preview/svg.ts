/**
 * The image that a link to the page shows, as SVG: the big numbers and the last hour. Its size is that
 * of Open Graph. Pure; every text is made here, so that none needs to be escaped.
 */

import { EVENT_TYPES, TYPE_STYLES, type TypeCounts, totalOf } from "../../../schema/event-types.ts";
import { TIMELINE_MINUTES } from "../../../schema/limits.ts";
import type { Summary } from "../../../schema/summary.ts";

const WIDTH = 1_200;
const HEIGHT = 630;
const FONT_FAMILY = "DejaVu Sans";

/** A rate from here on would be wider than its place. */
const RATE_MAX = 10;
const MARGIN = 64;
const CHART = { left: MARGIN, right: WIDTH - MARGIN, top: 368, bottom: 556 };
const BAR_GAP = 4;
const INK = "#17212f";
const MUTED = "#5c6878";
const RULE = "#dfe4ea";

/** From the bottom of a bar to its top. */
const TYPES = EVENT_TYPES.map((type) => ({ type, ...TYPE_STYLES[type] }));

const whole = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

/** A number as wide as its place allows: from a million on with a letter for the thousands. */
const shown = (count: number) => (count < 1_000_000 ? whole : compact).format(count);

function shownRate(rate: number | null): string {
  if (rate === null) return "–";
  return rate < RATE_MAX ? percent.format(rate) : ">999%";
}

export function previewSvg(summary: Summary): string {
  const { events, users, conversion_rate: rate } = summary;
  const figures = [
    ["Events", shown(events)],
    ["Users", shown(users)],
    ["Purchases for each view", shownRate(rate)],
  ] as const;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="${FONT_FAMILY}">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
${stripe()}
${text(MARGIN, 104, "User activity", { size: 50, isBold: true })}
${text(CHART.right, 102, `as of ${moment(summary.as_of)} UTC`, { size: 28, colour: MUTED, anchor: "end" })}
${figures.map(([label, value], index) => figure(MARGIN + index * 372, label, value)).join("\n")}
${legend()}
${timeline(summary.timeline)}
</svg>`;
}

function stripe(): string {
  const width = WIDTH / TYPES.length;
  return TYPES.map(
    ({ colour }, index) =>
      `<rect x="${index * width}" width="${width}" height="12" fill="${colour}"/>`,
  ).join("");
}

const figure = (x: number, label: string, value: string) =>
  text(x, 184, label, { size: 26, colour: MUTED }) +
  text(x, 266, value, { size: 72, isBold: true });

function legend(): string {
  const places = [CHART.right - 424, CHART.right - 290, CHART.right - 152];
  return TYPES.map(({ plural, colour }, index) => {
    const x = places[index]!;
    const mark = `<rect x="${x}" y="322" width="22" height="22" rx="4" fill="${colour}"/>`;
    return mark + text(x + 32, 342, plural, { size: 24, colour: INK });
  }).join("");
}

/** The minutes as stacked bars, the highest as high as the place allows. */
function timeline(minutes: Summary["timeline"]): string {
  const highest = Math.max(...minutes.map(totalOf));
  const title =
    highest === 0 ? "Events each minute" : `Events each minute, up to ${shown(highest)}`;
  const times = [minutes.at(0), minutes.at(-1)].map((minute) => `${clock(minute!.minute)} UTC`);
  const small = { size: 22, colour: MUTED };
  return [
    text(MARGIN, 342, title, { size: 24, colour: MUTED }),
    box(CHART.left, CHART.bottom, CHART.right - CHART.left, 2, RULE),
    highest === 0
      ? nothing()
      : minutes.map((minute, index) => bar(minute, index, highest)).join(""),
    text(CHART.left, 594, times[0]!, small),
    text(CHART.right, 594, times[1]!, { ...small, anchor: "end" }),
  ].join("\n");
}

function nothing(): string {
  const middle = (CHART.top + CHART.bottom) / 2 + 10;
  const style = { size: 28, colour: MUTED, anchor: "middle" } as const;
  return text(WIDTH / 2, middle, "No events in the last hour", style);
}

function bar(counts: TypeCounts, index: number, highest: number): string {
  const step = (CHART.right - CHART.left + BAR_GAP) / TIMELINE_MINUTES;
  const scale = (CHART.bottom - CHART.top) / highest;
  // The last minute still runs: pale, it does not look like a fall.
  const opacity = index === TIMELINE_MINUTES - 1 ? 0.45 : 1;
  let y = CHART.bottom;
  return TYPES.filter(({ type }) => counts[type] > 0)
    .map(({ type, colour }) => {
      const height = counts[type] * scale;
      y -= height;
      return box(CHART.left + index * step, y, step - BAR_GAP, height, colour, opacity);
    })
    .join("");
}

function box(
  x: number,
  y: number,
  width: number,
  height: number,
  colour: string,
  opacity = 1,
): string {
  const pale = opacity < 1 ? ` fill-opacity="${opacity}"` : "";
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${colour}"${pale}/>`;
}

const clock = (time: string) => time.slice(11, 16);

/** Chats keep the picture for days, so that its time alone would say nothing. */
const moment = (time: string) => `${day.format(new Date(time))}, ${clock(time)}`;

const round = (length: number) => Math.round(length * 100) / 100;

interface TextStyle {
  size: number;
  isBold?: boolean;
  colour?: string;
  anchor?: "start" | "middle" | "end";
}

function text(x: number, y: number, content: string, style: TextStyle): string {
  const { size, isBold, colour = INK, anchor = "start" } = style;
  const weight = isBold ? ' font-weight="700"' : "";
  return `<text x="${x}" y="${y}" font-size="${size}"${weight} fill="${colour}" text-anchor="${anchor}">${content}</text>`;
}
