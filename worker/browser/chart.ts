/** The chart of the last hour, with one stacked bar per minute. */
import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartDataset,
  LinearScale,
  Tooltip,
  type TooltipItem,
} from "chart.js";
import type { Summary } from "../../schema/summary.ts";
import { SHOWN_TYPES } from "../view/event-types.ts";
import { formatCount } from "../view/format.ts";
import { axisLabel, describeTimeline, timelineData } from "../view/timeline.ts";

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip);

/** Opacity of the bar of the running minute, as the last two digits of a colour. */
const RUNNING = "73";

const isDark = matchMedia("(prefers-color-scheme: dark)");

type BarChart = Chart<"bar", number[], string>;

/** Draws into the canvas at the first call, and updates the chart at each further one. */
export function drawTimeline(canvas: HTMLCanvasElement): (timeline: Summary["timeline"]) => void {
  let chart: BarChart | undefined;
  return (timeline) => {
    canvas.setAttribute("aria-label", describeTimeline(timeline));
    const { labels, counts } = timelineData(timeline);
    if (!chart) {
      const datasets = SHOWN_TYPES.map(({ plural, colour }, index) =>
        makeDataset(plural, colour, counts[index]!),
      );
      chart = create(canvas, labels, datasets);
      return;
    }
    chart.data.labels = labels;
    for (const [index, data] of counts.entries()) chart.data.datasets[index]!.data = data;
    chart.update();
  };
}

function makeDataset(label: string, colour: string, data: number[]): ChartDataset<"bar", number[]> {
  return {
    label,
    data,
    backgroundColor: ({ dataIndex }) => (dataIndex === data.length - 1 ? colour + RUNNING : colour),
    categoryPercentage: 1,
    barPercentage: 0.8,
  };
}

function create(
  canvas: HTMLCanvasElement,
  labels: string[],
  datasets: ChartDataset<"bar", number[]>[],
): BarChart {
  let style = readStyle(canvas);
  Chart.defaults.font.family = style.fontFamily;
  const chart: BarChart = new Chart(canvas, {
    type: "bar",
    data: { labels, datasets },
    options: {
      // In an animated chart, bars pass through heights that the data never had, also when resized.
      animation: false,
      transitions: { active: { animation: { duration: 0 } } },
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: {
          stacked: true,
          grid: { display: false },
          // The lowest line of the other axis is the baseline.
          border: { display: false },
          ticks: {
            color: () => style.text,
            autoSkip: false,
            maxRotation: 0,
            callback(index) {
              return axisLabel(this.getLabels(), Number(index));
            },
          },
        },
        y: {
          stacked: true,
          beginAtZero: true,
          border: { display: false },
          grid: { color: () => style.line },
          ticks: { color: () => style.text, precision: 0, maxTicksLimit: 5 },
        },
      },
      plugins: {
        tooltip: {
          animation: false,
          padding: 10,
          boxPadding: 6,
          cornerRadius: 8,
          callbacks: { title: ([item]) => describeBar(item), footer: sumOf },
        },
      },
    },
  });
  // For inspection: tests read the scale and the places of the bars from `canvas.chart`.
  Object.assign(canvas, { chart });
  isDark.addEventListener("change", () => {
    style = readStyle(canvas);
    chart.update();
  });
  return chart;
}

/** The colours of the reader's scheme. A canvas cannot use the variables of the style sheet. */
function readStyle(canvas: HTMLCanvasElement) {
  const { color, borderTopColor, fontFamily } = getComputedStyle(canvas);
  return { text: color, line: borderTopColor, fontFamily };
}

function describeBar(item: TooltipItem<"bar"> | undefined): string {
  if (!item) return "";
  const isRunning = item.dataIndex === item.dataset.data.length - 1;
  return `${item.label} UTC${isRunning ? ", still running" : ""}`;
}

function sumOf(items: TooltipItem<"bar">[]): string {
  const sum = items.reduce((total, { parsed }) => total + (parsed.y ?? 0), 0);
  return `${formatCount(sum)} in all`;
}
