/** Waits until a consumer group has exactly its members, each with its share of the partitions. */
import type { Kafka } from "../../scripts/kafka/log.ts";
import { until } from "../../scripts/lib/wait.ts";

const STABLE_MS_MAX = 60_000;

export async function groupIsStable(kafka: Kafka, groupId: string, members: number): Promise<void> {
  await until(`${members} consumers have joined`, STABLE_MS_MAX, async () => {
    const { state, assignedMembers } = await kafka.groups.state(groupId);
    if (state !== "Stable" || assignedMembers !== members) {
      throw new Error(`the group is ${state} with ${assignedMembers} members`);
    }
  });
}
