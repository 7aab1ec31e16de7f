/// <reference lib="dom" />
/** Functions that run inside of the public page, without access to the test. */

/** How one bar was painted. */
interface PaintedBar {
  /** Its minute on the axis: "12:34". */
  minute: string;
  /** Height in pixels of each of the given colours in the middle of the bar. */
  heights: number[];
}

interface Painted {
  /** Height of one event by the scale that the axis shows. */
  eventPixels: number;
  bars: PaintedBar[];
}

/** Reads the pixels of the canvas, and asks the chart only for its bars and its scale. */
export function readBars(canvas: Element, colours: string[]): Painted {
  const { chart } = canvas as Element & { chart: DrawnChart };
  const context = (canvas as HTMLCanvasElement).getContext("2d")!;
  const ratio = (canvas as HTMLCanvasElement).width / canvas.clientWidth;
  const wanted = colours.map((colour) =>
    [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)),
  );
  const bars = chart.getDatasetMeta(0).data.map(({ x }, place) => {
    const { data } = context.getImageData(Math.floor(x * ratio), 0, 1, canvas.clientHeight * ratio);
    const heights = wanted.map(([red, green, blue]) => {
      let found = 0;
      for (let at = 0; at < data.length; at += 4) {
        if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) found += 1;
      }
      return found / ratio;
    });
    return { minute: chart.data.labels[place]!, heights };
  });
  const { y } = chart.scales;
  return { eventPixels: y.getPixelForValue(0) - y.getPixelForValue(1), bars };
}

interface DrawnChart {
  width: number;
  data: { labels: string[] };
  scales: { y: { getPixelForValue(value: number): number } };
  getDatasetMeta(at: number): { data: { x: number }[] };
}

/** Width for which the chart is drawn, in pixels. */
export const chartWidth = (canvas: Element) =>
  (canvas as Element & { chart: DrawnChart }).chart.width;

/** The name of each place with what it holds: a text, the piece of a bar, a state, or nothing. */
export function readSlots(): [string, string][] {
  const read = (kind: string, value: (element: HTMLElement) => string | null) =>
    [...document.querySelectorAll<HTMLElement>(`[data-${kind}]`)].map(
      (element): [string, string] => [`${kind} ${element.dataset[kind]}`, value(element) ?? ""],
    );
  return [
    ...read("text", ({ textContent }) => textContent),
    ...read("piece", (piece) => `${piece.getAttribute("x")} ${piece.getAttribute("width")}`),
    ...read("slot", ({ dataset }) => dataset.state ?? ""),
    ...read("shown", ({ hidden }) => String(!hidden)),
  ];
}

/** The overflow of the page, in pixels. */
export function findOverflow(): number {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth - clientWidth;
}

/** Hides the tab from its page, or shows it again, as far as the page can tell. */
export function setVisibility(state: "hidden" | "visible"): void {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  Object.defineProperty(document, "hidden", { value: state === "hidden", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}

export interface Figures {
  firstContentfulPaintMs: number;
  /** Time over 50 ms of each task that blocked the page. */
  blockedMs: number;
  /** Sum of all layout shifts so far, except those after a click. */
  layoutShift: number;
}

/** Everything that the browser has recorded since the page was opened. */
export async function readFigures(): Promise<Figures> {
  const noted = async (type: string) => {
    const entries: PerformanceEntry[] = [];
    const observer = new PerformanceObserver((list) => entries.push(...list.getEntries()));
    observer.observe({ type, buffered: true });
    await new Promise((resolve) => setTimeout(resolve));
    entries.push(...observer.takeRecords());
    observer.disconnect();
    return entries;
  };
  const [paints, tasks, shifts] = [
    await noted("paint"),
    await noted("longtask"),
    (await noted("layout-shift")) as (PerformanceEntry & {
      value: number;
      hadRecentInput: boolean;
    })[],
  ];
  return {
    firstContentfulPaintMs:
      paints.find(({ name }) => name === "first-contentful-paint")?.startTime ?? 0,
    blockedMs: tasks.reduce((sum, { duration }) => sum + Math.max(0, duration - 50), 0),
    layoutShift: shifts.reduce(
      (sum, { value, hadRecentInput }) => sum + (hadRecentInput ? 0 : value),
      0,
    ),
  };
}
