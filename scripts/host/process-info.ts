/** What supervisord knows of one program. */
export interface ProcessInfo {
  name: string;
  /** The service that it is part of. */
  group: string;
  /** STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED or FATAL. */
  state: string;
  processId: number;
  startedAtSeconds: number;
  /** Why it is not running, in supervisord's words. */
  reason: string;
}
