/** How the result of `long` is shown. */
import { spread } from "../rig/spread.ts";
import { mebibytes, percent, ranged, table } from "../table.ts";
import type { LongResult } from "./long.ts";

/** Rates and pauses of one count of the whole log. */
const countingRow = (
  name: string,
  part: { perSecond: number; seconds: number },
  pauseMs?: number,
) => [
  name,
  part.perSecond.toFixed(0),
  part.seconds.toFixed(0),
  pauseMs === undefined ? "" : (pauseMs / 1_000).toFixed(1),
];

const TENTHS = Array.from({ length: 10 }, (_, part) => part);

const memoryTable = (title: string, { memory }: LongResult["calm"]) =>
  table(
    title,
    ["", ...TENTHS.map((part) => `${part + 1}.`), "most", "mapped files besides"],
    memory.map(({ name, tenths, most, mostMapped }) => [
      name,
      ...TENTHS.map((part) => tenths[part]).map((bytes) =>
        bytes === undefined ? "" : mebibytes(bytes),
      ),
      ...[most, mostMapped].map(mebibytes),
    ]),
  );

export const longTables = (result: LongResult) =>
  [
    table(
      `${result.events / 1e6} million events and ${result.copies} copies, two consumers, seed ${result.seed}`,
      ["", "events/s", "s", "longest pause, s", "kills", "freezes", "others"],
      [
        [
          ...countingRow(
            "without a fault",
            result.calm.counting.whole,
            result.calm.counting.longestPauseMs,
          ),
          ...["0", "0", percent(result.calm.othersShare)],
        ],
        [
          ...countingRow(
            "under faults, in all",
            result.hard.counting.whole,
            result.hard.counting.longestPauseMs,
          ),
          String(result.faults.filter(({ frozenMs }) => frozenMs === undefined).length),
          String(result.faults.filter(({ frozenMs }) => frozenMs !== undefined).length),
          percent(result.hard.othersShare),
        ],
        [...countingRow("while it counted", result.hard.counting.counting), "", "", ""],
        [
          ...countingRow(
            "between faults",
            result.hard.counting.quiet,
            result.hard.counting.longestQuietPauseMs,
          ),
          ...["", "", ""],
        ],
      ],
    ),
    memoryTable("Memory without a fault, MiB: the mean of each tenth of the time", result.calm),
    memoryTable("Memory under faults, MiB: the mean of each tenth of the time", result.hard),
    table(
      "A partition's index of ids is taken up",
      ["", "times", "ids", "ms"],
      [
        takeUpRow("under faults", result.hard.takeUps),
        ...result.starts.flatMap(({ lost, takeUps }) =>
          takeUps.map((takeUp) =>
            takeUpRow(`partition ${takeUp.partition} at the end, ${lost} lost`, [takeUp]),
          ),
        ),
      ],
    ),
    table(
      "Afterwards",
      ["", "s", "MiB", "records that /healthz said to lack, at most", "different numbers"],
      [
        [
          "verify --recount",
          result.verify.seconds.toFixed(1),
          mebibytes(result.verify.peakMemoryBytes),
          ...["", ""],
        ],
        ...result.starts.map(({ lost, seconds, lackedMost, lackedSteps }) => [
          `one consumer takes all up, ${lost} lost`,
          seconds.toFixed(2),
          "",
          String(lackedMost),
          String(lackedSteps),
        ]),
      ],
    ),
    [
      `The log was filled with ${result.filledPerSecond.toFixed(0)} records a second.`,
      `It takes ${result.logBytesPerRecord.toFixed(1)} bytes a record, and the index ${result.indexBytesPerId.toFixed(1)} bytes an id.`,
      `verify: ${result.verify.words}`,
    ].join("\n"),
  ].join("\n\n");

function takeUpRow(name: string, takeUps: LongResult["hard"]["takeUps"]): string[] {
  const [ids, durationMs] = [
    spread(takeUps.map(({ ids }) => ids)),
    spread(takeUps.map(({ durationMs }) => durationMs)),
  ];
  const [idsText, msText] = [ids, durationMs].map((values) =>
    takeUps.length === 1 ? String(values.median) : ranged(values, 0),
  );
  return [name, String(takeUps.length), idsText ?? "", msText ?? ""];
}
