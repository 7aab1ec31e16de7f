/** The proofs of compose.yaml. */
import { until } from "../../scripts/lib/wait.ts";
import type { ComposeProject } from "./compose.ts";
import { untilVerified } from "./proof.ts";
import { step } from "./step.ts";

const ANSWER_MS_MAX = 5_000;
const RECOVERED_MS_MAX = 240_000;
/** The program of a container is the first child of its first process. */
const KILL = "kill -KILL $(ps -o pid= --ppid 1 | head -n 1)";

export async function proveCompose(project: ComposeProject, pagePort: number): Promise<void> {
  await step("the image is built", () => project.build());
  await step("docker compose up --wait ends with everything healthy", () => project.up());
  const verify = () =>
    project.execute(
      ...["gate", "bun", "--env-file=/state/.env", "scripts/verify.ts"],
      ...["--expect", "all", "--json"],
    );
  const events = await step("every hop of verify holds", () => untilVerified(verify));
  await step("the page answers on this machine", () => answers(pagePort));
  console.log(await project.memory());
  for (const service of ["consumer", "postgres"]) {
    await step(`${service} is killed and recovers`, () => killed(project, service, [service]));
  }
  await step("the network of all is killed, and all recover in a new one", async () => {
    await killed(project, "network", await project.running());
    await answers(pagePort);
  });
  const more = await step("every hop of verify holds again, with more events", () =>
    untilVerified(verify, events),
  );
  await step("all stop and start, and go on with what they had", async () => {
    await project.stopAndStart();
    await untilVerified(verify, more);
    await answers(pagePort);
  });
  await step("docker compose down -v leaves nothing", async () => {
    const left = await project.down();
    if (left !== "") throw new Error(`It left ${left}`);
  });
}

async function answers(port: number): Promise<void> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  const response = await fetch(`http://127.0.0.1:${port}/`, { signal });
  if (!response.ok) throw new Error(`It answers ${response.status}`);
  await response.text();
}

/**
 * Kills the program of a service; each of `affected` then restarts automatically and becomes
 * healthy.
 */
async function killed(project: ComposeProject, service: string, affected: string[]) {
  const states = () => Promise.all(affected.map((name) => project.state(name)));
  const before = await states();
  await project.end(service, "sh", "-c", KILL);
  await until(
    `all work again that the end of ${service} hit`,
    RECOVERED_MS_MAX,
    async () => {
      for (const [index, { restarts, health }] of (await states()).entries()) {
        const name = affected[index];
        if (restarts === before[index]!.restarts) throw new Error(`${name} was not started again`);
        if (!["healthy", "running"].includes(health)) throw new Error(`${name} is ${health}`);
      }
    },
    { intervalMs: 1_000 },
  );
}
