/**
 * The configuration of supervisord, made from the list of services. It keeps the programs alive and
 * their logs bounded. Settings reach the programs as environment variables. Pure.
 */
import { type Program, programNames, type Service } from "../../host/service.ts";

const LOG_MEGABYTES = 10;
const LOG_BACKUPS = 2;

/** The last ones start last and stop first. */
const PRIORITY_STEP = 10;

const HEAD = `[supervisord]
logfile=%(ENV_STATE_DIR)s/log/supervisord.log
logfile_maxbytes=1MB
logfile_backups=1
pidfile=%(ENV_STATE_DIR)s/run/supervisord.pid
nocleanup=true
umask=077

[unix_http_server]
file=%(ENV_SUPERVISOR_SOCKET)s
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
`;

/** supervisord has to run in the checkout: commands are relative to it. */
export function supervisorConf(services: Service[]): string {
  const sections = services.flatMap((service, index) => {
    const priority = (index + 1) * PRIORITY_STEP;
    return [
      ...(isGroup(service) ? [group(service, priority)] : []),
      ...service.programs.map((program) => programSection(program, priority)),
      ...(service.job ? [jobSection(service.job.program.name)] : []),
    ];
  });
  return [HEAD, ...sections].join("\n");
}

/** A program with another name than its service needs a group of that name. */
const isGroup = ({ name, programs }: Service) => programs.length > 1 || programs[0]!.name !== name;

const group = (service: Service, priority: number) =>
  section(`group:${service.name}`, { programs: programNames(service).join(","), priority });

/**
 * A program that ends within its first ten seconds is restarted ten times, after growing pauses. A
 * later end restarts it at once, except with status 2: a setting is wrong.
 */
function programSection(program: Program, priority: number): string {
  const { name, stopSignal = "TERM", stopSecondsMax = 30, stopsChildren = true } = program;
  return section(`program:${name}`, {
    ...common(name, LOG_MEGABYTES, LOG_BACKUPS),
    priority,
    autorestart: "unexpected",
    exitcodes: 2,
    startsecs: 10,
    startretries: 10,
    stopsignal: stopSignal,
    stopwaitsecs: stopSecondsMax,
    stopasgroup: stopsChildren,
  });
}

const JOB_STOP_SECONDS_MAX = 15;
const JOB_PRIORITY = 990;

const jobSection = (name: string) =>
  section(`program:${name}`, {
    ...common(name, 1, 0),
    priority: JOB_PRIORITY,
    autorestart: false,
    startsecs: 0,
    stopwaitsecs: JOB_STOP_SECONDS_MAX,
    stopasgroup: true,
  });

const common = (name: string, logMegabytes: number, logBackups: number) => ({
  command: `scripts/start ${name}`,
  autostart: false,
  killasgroup: true,
  redirect_stderr: true,
  stdout_logfile: `%(ENV_STATE_DIR)s/log/${name}.log`,
  stdout_logfile_maxbytes: `${logMegabytes}MB`,
  stdout_logfile_backups: logBackups,
});

const section = (title: string, entries: Record<string, string | number | boolean>) =>
  `[${title}]\n${Object.entries(entries)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("")}`;

/** Sizes of the log of a program, for the containers, which keep as much. */
export const LOG = { megabytesMax: LOG_MEGABYTES, files: LOG_BACKUPS + 1 };
