/** How long a consumer took to take up the index of ids of each partition, from its log. Pure. */

/** One take-up of one partition's index. */
export interface TakeUp {
  partition: number;
  /** Ids that the index holds. */
  ids: number;
  durationMs: number;
}

const MESSAGE = "Took the index of event ids up";

/** @param log what a consumer wrote to stderr: a JSON object in each line, perhaps between others */
export const takeUpsIn = (log: string): TakeUp[] =>
  log
    .split("\n")
    .filter((line) => line.includes(MESSAGE))
    .flatMap((line) => {
      const properties = propertiesOf(line);
      return properties ? [properties] : [];
    });

/** Undefined for a line that a kill has cut. */
function propertiesOf(line: string): TakeUp | undefined {
  try {
    const { partition, ids, durationMs } = JSON.parse(line).properties;
    return { partition, ids, durationMs };
  } catch {
    return undefined;
  }
}
