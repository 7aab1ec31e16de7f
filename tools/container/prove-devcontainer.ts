/** The proofs of the devcontainer. */
import { CODESPACE, type Devcontainer } from "./devcontainer.ts";
import { untilVerified } from "./proof.ts";
import { step } from "./step.ts";

export async function proveDevcontainer(devcontainer: Devcontainer): Promise<void> {
  await step("devcontainer up: image, setup, and the start in the background", () =>
    devcontainer.open(),
  );
  // `up` waits for the one that postStart has begun, and then finds everything started.
  const started = await step("the whole stack is ready", () =>
    devcontainer.execute("bun", "run", "up"),
  );
  console.log(started);
  const verify = () => devcontainer.execute("bun", "run", "verify", "--expect", "all", "--json");
  const events = await step("every hop of verify holds", () => untilVerified(verify));
  await step("status names the addresses that Codespaces forwards", async () => {
    const table = await devcontainer.execute("bun", "run", "status");
    const { CODESPACE_NAME: name, GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: domain } = CODESPACE;
    const forwarded = table.match(new RegExp(`https://${name}-\\d+\\.${domain}`, "g")) ?? [];
    if (forwarded.length !== 4) throw new Error(`It names ${forwarded.length}:\n${table}`);
  });
  await step("stopped and opened again, the whole stack is ready", async () => {
    await devcontainer.resume();
    await devcontainer.execute("bun", "run", "up");
  });
  await step("every hop of verify holds, with more events", () => untilVerified(verify, events));
}
