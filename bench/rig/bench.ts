/** The input of every section: the stack, a connection as owner, and how thorough to be. */
import type { Sql } from "../../scripts/lib/postgres.ts";
import type { Dataset } from "./dataset.ts";
import type { Stack } from "./stack.ts";

export interface Bench {
  stack: Stack;
  owner: Sql;
  effort: Effort;
  /** Made once for each number of users and kept. */
  dataset(users: number, events?: number): Dataset;
  /** Reports the current work, on a terminal or in a log. */
  say(words: string): void;
}

export interface Effort {
  quick: boolean;
  events: number;
  /** Events of `long`. */
  longEvents: number;
  rounds: number;
  /** Decides what is random in `long`. */
  seed: number;
}
