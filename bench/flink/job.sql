-- The same counts as ours in Flink SQL: by user and type, kept in Flink's state and written over
-- the row. It neither drops duplicates nor counts minutes, nor keeps the first moment.
SET 'parallelism.default' = '2';
SET 'execution.checkpointing.interval' = '10s';
SET 'table.exec.mini-batch.enabled' = 'true';
SET 'table.exec.mini-batch.allow-latency' = '500ms';
SET 'table.exec.mini-batch.size' = '50000';
SET 'table.optimizer.agg-phase-strategy' = 'TWO_PHASE';

CREATE TABLE events (
  user_id BIGINT,
  event_type STRING
) WITH (
  'connector' = 'kafka',
  'topic' = '${KAFKA_TOPIC}',
  'properties.bootstrap.servers' = '${KAFKA_BROKERS}',
  'properties.group.id' = '${KAFKA_GROUP_ID}',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json'
);

CREATE TABLE counts (
  user_id BIGINT,
  event_type STRING,
  event_count BIGINT,
  PRIMARY KEY (user_id, event_type) NOT ENFORCED
) WITH (
  'connector' = 'jdbc',
  'url' = '${JDBC_URL}',
  'username' = '${JDBC_USER}',
  'password' = '${JDBC_PASSWORD}',
  'table-name' = 'peers.counts',
  'sink.buffer-flush.interval' = '500ms',
  'sink.buffer-flush.max-rows' = '10000',
  'sink.parallelism' = '2'
);

INSERT INTO counts SELECT user_id, event_type, COUNT(*) FROM events GROUP BY user_id, event_type;
