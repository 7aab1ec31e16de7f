/**
 * The product's consumer without its fence: the transaction moves the offset whatever it is. It
 * exists to show that the tests of the fence can fail.
 */
import { dependenciesOf } from "../../scripts/consume/dependencies.ts";
import { GroupMember } from "../../scripts/consume/member.ts";
import { ConsumerMetrics } from "../../scripts/consume/metrics.ts";
import { storeStatement } from "../../scripts/consume/store.ts";
import { openKafka } from "../../scripts/kafka/open.ts";
import { readConfig } from "../../scripts/lib/config.ts";
import { serveMetrics } from "../../scripts/lib/http.ts";
import { startLogging } from "../../scripts/lib/log.ts";
import { connect } from "../../scripts/lib/postgres.ts";

const FENCE = "and next_offset = $4::text::bigint";
/**
 * The ledger's check would refuse the damage, too, so the offsets move by the number of counted
 * records.
 */
const MOVE = "next_offset = $5::text::bigint,";

const fenced = storeStatement("streaming");
const statement = fenced
  .replace(FENCE, "and $4::text::bigint >= 0")
  .replace(MOVE, "next_offset = next_offset + $5::text::bigint - $4::text::bigint,");
if (statement === fenced) throw new Error("Cannot remove the fence: the statement has changed");

const config = readConfig();
startLogging(config);
const dependencies = dependenciesOf(config);
const metrics = new ConsumerMetrics(dependencies);
const sql = connect(config, "ingest", { connections: 4, applicationName: "consumer" });
const kafka = openKafka(config, { clientId: "consumer", patience: "long" });
const consumer = new GroupMember({ config, kafka, sql, metrics, dependencies, statement });
const server = await serveMetrics({
  config,
  setting: "CONSUMER_METRICS_PORT",
  registry: metrics.registry,
  health: () => ({ waitingFor: consumer.waitingFor }),
});
process.once("SIGTERM", () => void consumer.stop());
await consumer.start();
await consumer.ended;
server.close();
await sql.end({ timeout: 1 });
