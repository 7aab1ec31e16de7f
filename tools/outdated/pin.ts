/** One thing whose version this checkout names, and what its registry has. Pure. */
import { isNewer } from "./version.ts";

export interface Pin {
  /** The registry, or the file where no registry is asked. */
  kind: string;
  name: string;
  pinned: string;
  /** File that names it. */
  file: string;
  /** Why it stays where it is although a newer one exists. */
  held?: string | undefined;
  newest?: string;
  /** Why there is no `newest`. */
  unknown?: string;
}

export type State = "newest" | "behind" | "held" | "unknown";

export function stateOf({ pinned, newest, held }: Pin): State {
  if (newest === undefined) return "unknown";
  if (!isNewer(newest, pinned)) return "newest";
  return held === undefined ? "behind" : "held";
}

/** The pins with what was found, or each with the reason why its registry gave no answer. */
export async function withNewest(
  pins: Pin[],
  look: (names: string[]) => Promise<Map<string, string>>,
): Promise<Pin[]> {
  try {
    const newest = await look([...new Set(pins.map(({ name }) => name))]);
    return pins.map((pin) => {
      const found = newest.get(pin.name);
      return found ? { ...pin, newest: found } : { ...pin, unknown: "the registry has no answer" };
    });
  } catch (error) {
    return pins.map((pin) => ({ ...pin, unknown: (error as Error).message }));
  }
}
