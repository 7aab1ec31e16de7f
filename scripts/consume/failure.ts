/**
 * Which failures of the database pass by themselves. An outage pauses counting and is waited for;
 * everything else would repeat for ever, so it ends the consumer with a clear error.
 */

/**
 * Classes of SQLSTATE that a later attempt can mend: connection, transaction rollback, resources,
 * lock not available, operator intervention, system error; and a standby that became the primary.
 * Source: PostgreSQL documentation, appendix A.
 */
const PASSING_SQLSTATES = /^(08|40|53|55|57|58)|^25006$/;

/** Codes of the client and of the operating system that mean: no connection. */
const NO_CONNECTION =
  /^(CONNECT|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|CONNECTION_)/;

/** Whether the same statement may succeed later without anyone doing anything. */
export function isOutage(error: unknown): boolean {
  const code = (error as { code?: unknown })?.code;
  return typeof code === "string" && (PASSING_SQLSTATES.test(code) || NO_CONNECTION.test(code));
}
