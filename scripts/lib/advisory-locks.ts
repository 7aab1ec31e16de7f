/**
 * The keys of all advisory locks that the platform takes in PostgreSQL. Two programs that use the
 * same key in the same database wait for each other, so each purpose has its own key. Airflow has
 * locks of its own in its database; theirs are other numbers.
 */
export const ADVISORY_LOCKS = {
  /** Changing the schema. */
  migrate: 7_203_041,
  /** A run of dbt. `dbt/run_records.py` takes it, and a test compares the two. */
  transform: 7_203_042,
  /** Creating or preparing the database in which Airflow or Superset keeps its records. */
  records: 7_203_043,
  /** Rebuilding the tables from the log. */
  replay: 7_301_902_114,
} as const;
