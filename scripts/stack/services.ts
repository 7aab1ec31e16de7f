/**
 * The services of the platform, in the order in which they start: one import and one line for each.
 * The `service.ts` in its folder declares what a service is.
 */
import { airflow } from "../../airflow/service.ts";
import { kafka } from "../../kafka/service.ts";
import { postgres } from "../../postgres/service.ts";
import { superset } from "../../superset/service.ts";
import { trino, trinoWorker } from "../../trino/service.ts";
import { worker } from "../../worker/service.ts";
import { consumer } from "../consume/service.ts";
import type { Service } from "../host/service.ts";
import { producer } from "../produce/service.ts";
import { summary } from "../summary/service.ts";

export const services: Service[] = [
  kafka,
  postgres,
  consumer,
  producer,
  summary,
  worker,
  airflow,
  trino,
  trinoWorker,
  superset,
];
