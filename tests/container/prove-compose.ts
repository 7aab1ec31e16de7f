/** What compose.yaml has to show. */
import { until } from "../../scripts/stack/until.ts";
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
    project.execute("gate", "bun", "--env-file=/state/.env", "scripts/verify.ts", "--json");
  const events = await step("every hop of verify holds", () => untilVerified(verify));
  await step("the page answers on this machine", () => answers(pagePort));
  console.log(await project.memory());
  for (const service of ["consumer", "postgres"]) {
    await step(`${service} is killed and recovers`, () => killed(project, service));
  }
  await step("every hop of verify holds again, with more events", () =>
    untilVerified(verify, events),
  );
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

async function killed(project: ComposeProject, service: string): Promise<void> {
  const { restarts } = await project.state(service);
  await project.end(service, "sh", "-c", KILL);
  await until(`${service} is healthy again`, RECOVERED_MS_MAX, async () => {
    const now = await project.state(service);
    if (now.restarts === restarts) throw new Error("it was not started again");
    if (now.health !== "healthy") throw new Error(`it is ${now.health}`);
  });
}
