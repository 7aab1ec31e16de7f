/** Waits until a consumer group has exactly its members, each with its share of the partitions. */
import type { Kafka } from "../../scripts/kafka/kafkajs.ts";
import { until } from "../../scripts/lib/wait.ts";

const STABLE_MS_MAX = 60_000;

export async function groupIsStable(kafka: Kafka, groupId: string, members: number): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await until(`${members} consumers have joined`, STABLE_MS_MAX, async () => {
      const { groups } = await admin.describeGroups([groupId]);
      const group = groups[0];
      const assigned = group?.members.filter(({ memberAssignment }) => memberAssignment.length > 0);
      if (group?.state !== "Stable" || assigned?.length !== members) {
        throw new Error(`the group is ${group?.state} with ${assigned?.length} members`);
      }
    });
  } finally {
    await admin.disconnect();
  }
}
