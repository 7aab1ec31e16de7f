/** The chart of the last hour: one stacked bar for each minute. */
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
import { EVENT_TYPES } from "../view/model/event-types.ts";
import { formatCount } from "../view/model/format.ts";
import { axisLabel, describeTimeline, timelineData } from "../view/model/timeline.ts";

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip);

/** Transparency of the minute that is still running, as the last two digits of a colour. */
const RUNNING = "73";

const isDark = matchMedia("(prefers-color-scheme: dark)");

type BarChart = Chart<"bar", number[], string>;

/** The chart is also kept on its canvas, as `canvas.chart`, for whoever inspects the page. */
export function drawTimeline(canvas: HTMLCanvasElement): (timeline: Summary["timeline"]) => void {
  let chart: BarChart | undefined;
  return (timeline) => {
    canvas.setAttribute("aria-label", describeTimeline(timeline));
    const { labels, series } = timelineData(timeline);
    if (!chart) {
      const datasets = EVENT_TYPES.map(({ plural, colour }, at) =>
        makeDataset(plural, colour, series[at]!.counts),
      );
      chart = create(canvas, labels, datasets);
      return;
    }
    chart.data.labels = labels;
    for (const [at, { counts }] of series.entries()) chart.data.datasets[at]!.data = counts;
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
      // What is drawn is always what is: in a chart that moves, bars pass through heights that never
      // were, each time when the page gets another size as well.
      animation: false,
      transitions: { active: { animation: { duration: 0 } } },
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: {
          stacked: true,
          grid: { display: false },
          // The lowest line of the other axis is the ground.
          border: { display: false },
          ticks: {
            color: () => style.text,
            autoSkip: false,
            maxRotation: 0,
            callback(place) {
              return axisLabel(this.getLabels(), Number(place));
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
  Object.assign(canvas, { chart });
  isDark.addEventListener("change", () => {
    style = readStyle(canvas);
    chart.update();
  });
  return chart;
}

/** The style sheet says what suits the reader's scheme; the canvas itself cannot read it. */
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
