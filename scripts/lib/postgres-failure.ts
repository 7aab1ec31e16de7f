/**
 * Which failures of the database are outages. Programs wait for an outage to end. Any other failure
 * would repeat forever, so it ends them with a clear error. Pure.
 */

/**
 * Classes of SQLSTATE that a retry can fix: connection, transaction rollback, resources, lock not
 * available, operator intervention, system error. One code is for a standby that became the
 * primary. Source: PostgreSQL documentation, appendix A.
 */
const PASSING_SQLSTATES = /^(08|40|53|55|57|58)|^25006$/;
/** A transaction was in the way of another one: the database works, and a repetition helps. */
const CONFLICTS = /^(40|55)/;
const DISK_FULL = "53100";

/** Codes of the client and the operating system for a lost connection. */
const NO_CONNECTION =
  /^(CONNECT|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|CONNECTION_)/;

const codeOf = (error: unknown) => String((error as { code?: unknown })?.code);

/** Whether the database has answered, but let another transaction go first. */
export const isConflict = (error: unknown): boolean => CONFLICTS.test(codeOf(error));

/** Whether the database has answered that its disk is full. */
export const isDiskFull = (error: unknown): boolean => codeOf(error) === DISK_FULL;

/** Whether the same statement may succeed later without any change. */
export const isOutage = (error: unknown): boolean =>
  PASSING_SQLSTATES.test(codeOf(error)) || NO_CONNECTION.test(codeOf(error));
