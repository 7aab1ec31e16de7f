/** The state of the ledger, in words for visitors. */
import { accountedFor, eventsInTables, eventsToRemove } from "../../schema/ledger.ts";
import type { Summary } from "../../schema/summary.ts";
import { formatCount } from "./format.ts";

type Ledger = Summary["ledger"];

export interface LedgerWords {
  /** "lost" comes first: the equation may still hold for the records that are left. */
  state: "exact" | "differs" | "lost";
  title: string;
  /** "12,345 records read = 12,340 events counted + 3 repeats dropped + 2 rejected" */
  equation: string;
  explanation: string;
}

/** Whether the page may say that each event is counted once. */
export const isExact = ({ state, lost }: Ledger) => state === "exact" && lost === 0;

export function describeLedger(ledger: Ledger): LedgerWords {
  const equation = writeEquation(ledger);
  if (ledger.lost > 0) {
    return {
      state: "lost",
      title: `${countOf(ledger.lost, "record was", "records were")} lost`,
      equation,
      explanation: "The log deleted them before they were read, so they are in no number here.",
    };
  }
  if (ledger.standing > 0) {
    return {
      state: "differs",
      title: `Counting stands in ${countOf(ledger.standing, "partition", "partitions")}`,
      equation,
      explanation:
        "A batch of records there cannot be read. What came after it is not counted yet.",
    };
  }
  if (isExact(ledger)) {
    return {
      state: "exact",
      title: "Exact",
      equation,
      explanation: `Each record is accounted for: none was counted twice, none was left out.${removedOf(ledger)}`,
    };
  }
  const takenBack = eventsToRemove(ledger);
  if (takenBack > 0 && addsUp(ledger)) {
    return {
      state: "differs",
      title: `${countOf(takenBack, "event is", "events are")} taken back`,
      equation,
      explanation: `The numbers here still include ${takenBack === 1 ? "it" : "them"}, until the tables are counted again.`,
    };
  }
  return {
    state: "differs",
    title: "Does not add up",
    equation,
    explanation: findDifference(ledger),
  };
}

function writeEquation(ledger: Ledger): string {
  const { read, stored, duplicates, rejected, retractions, absent } = ledger;
  const parts = [
    countOf(stored, "event counted", "events counted"),
    countOf(duplicates, "repeat dropped", "repeats dropped"),
    `${formatCount(rejected)} rejected`,
  ];
  if (retractions > 0) parts.push(countOf(retractions, "retraction", "retractions"));
  if (absent > 0) parts.push(countOf(absent, "empty place in the log", "empty places in the log"));
  const sign = read === accountedFor(ledger) ? "=" : "≠";
  return `${countOf(read, "record read", "records read")} ${sign} ${parts.join(" + ")}`;
}

function findDifference(ledger: Ledger): string {
  const missing = ledger.read - accountedFor(ledger);
  if (missing > 0) {
    return `${countOf(missing, "record is", "records are")} not accounted for.`;
  }
  if (missing < 0) {
    return `${countOf(-missing, "record is", "records are")} accounted for more than once.`;
  }
  if (!addsUp(ledger)) {
    return `The totals by user say ${formatCount(ledger.counted)} events, the books ${formatCount(eventsInTables(ledger))}.`;
  }
  return "The counts agree, but the last check failed.";
}

/** Whether each record is accounted for, and the totals by user are those of the books. */
const addsUp = (ledger: Ledger) =>
  ledger.read === accountedFor(ledger) && eventsInTables(ledger) === ledger.counted;

const removedOf = ({ removed }: Ledger) =>
  removed > 0 ? ` ${countOf(removed, "event was", "events were")} taken back and left out.` : "";

const countOf = (count: number, one: string, many: string) =>
  `${formatCount(count)} ${count === 1 ? one : many}`;
