/** The badge for a README: the number of events today, as a small SVG picture. */
import type { PublishedSummary } from "../../schema/summary.ts";

const LABEL = "events today";
const LABEL_COLOUR = "#555555";
const LIVE_COLOUR = "#2f6fde";
/** Background when there is no number. */
const GREY = "#757575";

const HEIGHT = 20;
const PADDING = 6;
const FONT = `font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11"`;
/** Width of a character of Verdana at this size. Other fonts are stretched to it. */
const CHARACTER_WIDTH = 7;
const NARROW_WIDTH = 4;
const NARROW = /[ .,'ijl]/g;

/** Without a summary, or with a stale one, the badge says so: the number may be of another day. */
export function badge(summary: PublishedSummary | undefined): string {
  if (!summary) return drawBadge(LABEL, "no data", GREY);
  if (summary.stale) return drawBadge(LABEL, "stale", GREY);
  return drawBadge(LABEL, summary.events_today.toLocaleString("en"), LIVE_COLOUR);
}

/** An SVG, 20 pixels high, with two texts side by side. */
export function drawBadge(label: string, value: string, colour: string): string {
  const left = textWidth(label) + 2 * PADDING;
  const right = textWidth(value) + 2 * PADDING;
  const title = escapeXml(`${label}: ${value}`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="${HEIGHT}" role="img" aria-label="${title}">`,
    `<title>${title}</title>`,
    `<clipPath id="r"><rect width="${left + right}" height="${HEIGHT}" rx="3"/></clipPath>`,
    `<g clip-path="url(#r)"><rect width="${left}" height="${HEIGHT}" fill="${LABEL_COLOUR}"/>`,
    `<rect x="${left}" width="${right}" height="${HEIGHT}" fill="${colour}"/></g>`,
    `<g fill="#fff" ${FONT}>${text(label, PADDING)}${text(value, left + PADDING)}</g>`,
    "</svg>\n",
  ].join("");
}

const text = (content: string, x: number) =>
  `<text x="${x}" y="14" textLength="${textWidth(content)}">${escapeXml(content)}</text>`;

function textWidth(content: string): number {
  const narrow = content.match(NARROW)?.length ?? 0;
  return (content.length - narrow) * CHARACTER_WIDTH + narrow * NARROW_WIDTH;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escapeXml = (content: string) =>
  content.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
