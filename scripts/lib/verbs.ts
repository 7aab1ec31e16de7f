/**
 * Every command of package.json, by what a person wants to do, with the sentence that `bun run help`
 * and the command's own help begin with. A command takes its sentence from here by its name.
 */

export const verbGroups = {
  "Start and stop": {
    up: "Start the platform, or some services; wait until each works",
    down: "Stop the platform, or some services; the data stays",
    setup: "Install what all services run on; up then downloads nothing",
    migrate: "Bring the database and the topic up to date",
  },
  "Send events": {
    produce: "Send events to Kafka: made-up ones, or those of a file",
    consume: "Count the events of the topic in PostgreSQL, each event once",
  },
  Look: {
    status: "Show which services work, where, and with how much memory",
    logs: "Follow the log of a service",
    doctor: "Find what is missing on this machine, and what mends it",
    query: "Ask Trino, with a saved query, a file, a pipe or a text",
    transform: "Run dbt by hand: settle, refresh, check, docs, prune",
    "dbt:docs": "Write the documentation of the tables with their lineage",
  },
  "Prove and mend": {
    verify: "Prove that every event counts once, hop by hop",
    replay: "Rebuild the tables from the log and take over what differs",
    "dead-letters": "List, show, replay or purge the records that were rejected",
  },
  Publish: {
    summary: "Answer the public summary, for the Worker to publish",
    "worker:dev": "Serve the Worker and its page on this machine",
    "worker:deploy": "Put the Worker and its page on Cloudflare's network",
    tunnel: "Make the summary reachable for the deployed Worker",
  },
  Develop: {
    help: "List all commands, or show the help of one",
    test: "Run every proof of the project; installs what it needs",
    check: "Run the proofs that need no services: a minute",
    prose: "Check the English of documents, comments and messages",
    fix: "Format the code, and mend what can be mended automatically",
    bench: "Measure the platform, alone or beside its peers",
    "test:container": "Prove devcontainer, compose.yaml and a bare machine",
    schema: "Write the JSON Schema files of schema/",
    "superset:export": "Write what was edited in Superset back into superset/assets",
    "superset:record": "Keep what each chart asks for, for viewers without a login",
    "worker:types": "Write the types of what wrangler.jsonc binds the Worker to",
    "dbt:slim": "Build the models that differ from another commit's",
    deps: "Install the packages that users need",
    "deps:all": "Install the packages that developers need, too",
  },
} as const;

type Groups = typeof verbGroups;

export type VerbName = { [Group in keyof Groups]: keyof Groups[Group] }[keyof Groups];

/** The sentence of each command. */
export const verbs = Object.assign({}, ...Object.values(verbGroups)) as Record<VerbName, string>;
