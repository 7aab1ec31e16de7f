/** The proofs of `bun run test:container`, as a part of `bun run test --container`. */
import { NOT_RUN } from "../container/cannot-prove.ts";
import { type Step, tool } from "./step.ts";

export const containers: Step = {
  name: "containers",
  command: tool("container.ts"),
  notRunStatus: NOT_RUN,
  msMax: 60 * 60_000,
};
