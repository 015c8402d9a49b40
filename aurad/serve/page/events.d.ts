/** Types of events.js. The words are those of the wire; see the events' reference. */

export type JobStatus = "Queued" | "Running" | "Paused" | "Succeeded" | "Failed" | "Cancelled";
export type StepStatus = "Pending" | "Running" | "Succeeded" | "Failed" | "Skipped" | "Cancelled";
export type Step = "Initialization" | "Script" | "Voice" | "Visuals" | "Rendering" | "Postprocessing";

/** RFC 9457, with aurad's own members. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  errorCode?: string;
  correlationId?: string;
  remedy?: string;
  suggestedActions?: string[];
  [member: string]: unknown;
}

export interface Artifact {
  artifactId: string;
  name: string;
  kind: string;
  mediaType: string;
  sizeBytes: number;
  sha256: string;
  sceneId?: string;
  /** Where the daemon gives it. */
  href: string;
}

export interface Output {
  videoPath: string;
  sizeBytes: number;
  durationSeconds: number;
  width?: number;
  height?: number;
}

export interface Items {
  done: number;
  total: number;
  reused: number;
}

export interface Plugin {
  name: string;
  version?: string;
  reason?: string;
  fallbackFrom?: string;
}

/** What could have been better, as the event `warning` tells it. */
export interface Warning {
  step: Step;
  code: string;
  detail: string;
  remedy?: string;
}

export interface StepView {
  name: Step;
  status: StepStatus;
  /** 0..100 of the step. */
  progress: number;
  startedAt: string | null;
  durationSeconds: number | null;
  items: Items;
  plugin: Plugin | null;
  message: string;
  errors: Problem[];
}

/** A job as it is now. */
export interface Job {
  jobId: string;
  correlationId: string;
  owner: { uid: number; name: string };
  status: JobStatus;
  stage: Step;
  progress: number;
  message: string;
  eta: number | null;
  createdAt: string;
  startedAt: string | null;
  endedAt: string | null;
  position: number | null;
  /** 1 is first, 10 last. */
  priority: number;
  labels: Record<string, string>;
  /** The job that this one was made from. */
  retryOf: string | null;
  brief: Record<string, unknown>;
  settings: Record<string, unknown>;
  steps: StepView[];
  artifacts: Artifact[];
  output: Output | null;
  warnings: Warning[];
  errors: Problem[];
  /** What services of stages have billed. */
  usage: Record<string, unknown>[];
  lastSeq: number;
  /** The `jobSeq` of its newest event. */
  lastJobSeq?: number;
  [member: string]: unknown;
}

interface Common {
  seq: number;
  jobSeq: number;
  jobId: string;
  timestamp: string;
  correlationId: string;
  status: JobStatus;
  stage: Step;
  /** 0..100; never falls. */
  progress: number;
  message: string;
  /** Seconds, null while unknown. */
  eta: number | null;
}

export type JobEvent =
  | (Common & { type: "job-status" })
  | (Common & { type: "step-status"; step: Step; stepStatus: StepStatus; plugin: Plugin | null; sceneId: string })
  | (Common & { type: "step-progress"; step: Step; progressPct: number; items: Items; detail: string })
  | (Common & {
      type: "step-error";
      step: Step;
      problem: Problem;
      attempt: number;
      willRetry: boolean;
      fallbackTo: string;
      sceneId: string;
    })
  | (Common & { type: "warning"; step: Step; code: string; detail: string; remedy: string })
  | (Common & { type: "artifact"; artifact: Artifact })
  | (Common & { type: "job-completed"; output: Output | null; artifacts: Artifact[] })
  | (Common & { type: "job-failed"; errors: Problem[]; logTail: string[]; suggestedActions: string[] })
  | (Common & { type: "job-cancelled"; by: string; reason: string });

/** Lines of a job's log; only for those who ask for it by `types`. It has no number. */
export interface JobLog {
  type: "job-log";
  jobId: string;
  timestamp: string;
  correlationId: string;
  step: Step;
  sceneId?: string;
  offset: number;
  lines: string[];
}

/** How a subscription is. While `retrying`, `reason` says why; `delay` is 0 while the browser itself retries. */
export interface State {
  name: "connecting" | "live" | "retrying" | "ended";
  reason: string;
  /** Milliseconds until the next try. */
  delay: number;
  /** What the server said when it refused for good. */
  problem?: Problem;
}

/** Events between two ids are gone, or were lost on the way. A snapshot follows. */
export interface Gap {
  requested: string;
  oldest: string;
}

export interface Options {
  /** Each event once, in order. Who asks for `job-log` takes `JobEvent | JobLog`. */
  onEvent?: (event: JobEvent) => void;
  /** The jobs as they are: at the beginning, and after a gap. Events go on from here. More were `leftOut`: list them. */
  onSnapshot?: (jobs: Job[], leftOut: number) => void;
  onGap?: (gap: Gap) => void;
  onState?: (state: State) => void;
  /** Go on after this event; `earliest` for all there are. */
  lastEventId?: string;
  /** Only these types. What is missing cannot be noticed then. */
  types?: readonly string[];
  /** Only jobs with all of these labels (`subscribeToJobs`). */
  labels?: Record<string, string>;
  /** Where aurad is, without a slash at the end; the page's own origin by default. */
  baseUrl?: string;
  /** Send cookies to another origin. */
  withCredentials?: boolean;
  /** Another EventSource: Node's package `eventsource`, or a test's. */
  EventSource?: new (url: string, options?: { withCredentials?: boolean }) => any;
  fetch?: (url: string, options?: any) => Promise<any>;
  /** 0 to 1. */
  random?: () => number;
  timers?: { setTimeout(act: () => void, delay: number): any; clearTimeout(timer: any): void };
}

export interface Subscription {
  readonly state: State;
  /** The id of the last event given: where another subscription could go on. */
  readonly lastEventId: string;
  /** Resolved when nothing comes any more. */
  readonly ended: Promise<State>;
  close(): void;
}

export const EVENT_TYPES: readonly string[];
export const FIRST_DELAY: number;
export const LONGEST_DELAY: number;
export const SILENCE: number;

/** Follow one job to its end. */
export function subscribeToJobEvents(jobId: string, options?: Options): Subscription;

/** Follow some jobs to the end of the last of them, or with an empty list all that one may see, for good. */
export function subscribeToJobs(jobs?: readonly string[], options?: Options): Subscription;
