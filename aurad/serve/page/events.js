// @ts-check
/**
 * Events of aurad's jobs, in a page or in Node: in order, each once, whatever happens to the connection.
 *
 *     import { subscribeToJobEvents } from "/events.js";
 *     const events = subscribeToJobEvents(jobId, { onEvent: (event) => console.log(event.message) });
 *
 * No dependencies; `EventSource` and `fetch` are taken from the page unless others are given. The types are
 * in events.d.ts.
 *
 * @typedef {import("./events.d.ts").Options} Options
 * @typedef {import("./events.d.ts").State} State
 * @typedef {import("./events.d.ts").JobEvent} JobEvent
 * @typedef {import("./events.d.ts").Job} Job
 */

/** Every type of event there is: an EventSource only tells of those that somebody listens to. */
export const EVENT_TYPES = Object.freeze([
  "job-status", "step-status", "step-progress", "step-error", "warning", "artifact",
  "job-completed", "job-failed", "job-cancelled", "job-log",
]);
const FINAL_TYPES = new Set(["job-completed", "job-failed", "job-cancelled"]);
const FINAL_STATUSES = new Set(["Succeeded", "Failed", "Cancelled"]);
const OTHER_FRAMES = ["snapshot", "gap", "heartbeat", "server-stopping"];

export const FIRST_DELAY = 1000; // milliseconds before the first new try of ours
export const LONGEST_DELAY = 30_000;
const SPREAD = 0.5; // up to so much longer at random, so that a thousand pages do not come back at once
export const SILENCE = 45_000; // milliseconds: three heartbeats
const ANSWER = 10_000; // milliseconds an answer about a job may take
const CLOSED = 2; // EventSource.CLOSED

/**
 * Follow one job to its end.
 * @param {string} jobId
 * @param {Options} [options]
 */
export function subscribeToJobEvents(jobId, options = {}) {
  return new Subscription(`/api/jobs/${encodeURIComponent(jobId)}/events`, [jobId], {}, options);
}

/**
 * Follow some jobs to the end of the last of them, or with an empty list all that one may see, for good.
 * @param {readonly string[]} jobs
 * @param {Options} [options]
 */
export function subscribeToJobs(jobs = [], options = {}) {
  const labels = Object.entries(options.labels ?? {}).map(([key, value]) => `${key}:${value}`);
  return new Subscription("/api/events", jobs, { jobs: jobs.join(","), labels: labels.join(",") }, options);
}

/** One subscription over all its connections. */
class Subscription {
  /** @type {State} */ state = { name: "connecting", reason: "", delay: 0 };
  /** Where another subscription could go on. */ lastEventId = "";
  /** @type {Promise<State>} Resolved when nothing comes any more. */ ended;

  /** @type {EventSource | undefined} */ #source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {(state: State) => void} */ #resolve = () => {};
  /** @type {Set<string>} Named jobs of which something may come. */ #open;
  /** @type {Map<string, number>} */ #jobSeqs = new Map();
  #path;
  #query;
  #jobs;
  #options;
  #epoch = "";
  #seq = 0;
  #attempt = 0;
  #failures = 0; // in a row, of one EventSource

  /**
   * @param {string} path
   * @param {readonly string[]} jobs
   * @param {Record<string, string>} query
   * @param {Options} options
   */
  constructor(path, jobs, query, options) {
    this.#path = path;
    this.#jobs = [...jobs];
    this.#open = new Set(jobs);
    this.#query = { ...query, types: (options.types ?? []).join(","), heartbeat: "event" };
    this.#options = options;
    this.lastEventId = options.lastEventId ?? "";
    [this.#epoch, this.#seq] = split(this.lastEventId);
    this.ended = new Promise((resolve) => (this.#resolve = resolve));
    this.#tell("connecting");
    this.#connect();
  }

  /** Leave. `lastEventId` stays. */
  close(reason = "closed") {
    if (this.state.name !== "ended") this.#end(reason);
  }

  // ------------------------------------------------------------ the connection

  #connect() {
    const EventSource = this.#options.EventSource ?? globalThis.EventSource;
    if (!EventSource) throw new TypeError("cannot follow events: there is no EventSource; give one as an option");
    const source = new EventSource(this.#url(), { withCredentials: this.#options.withCredentials ?? false });
    this.#source = source;
    this.#failures = 0;
    const mine = (/** @type {(event: any) => void} */ act) => (/** @type {any} */ event) => {
      if (source === this.#source) act(event);
    };
    source.onopen = mine(() => this.#live());
    source.onerror = mine(() => this.#failed());
    const types = new Set([...EVENT_TYPES, ...(this.#options.types ?? []), ...OTHER_FRAMES]);
    for (const type of types) source.addEventListener(type, mine((event) => this.#take(type, event)));
    this.#listen();
  }

  #url() {
    const query = new URLSearchParams(Object.entries(this.#query).filter(([, value]) => value));
    if (this.lastEventId) query.set("lastEventID", this.lastEventId);
    return `${this.#options.baseUrl ?? ""}${this.#path}${query.size ? `?${query}` : ""}`;
  }

  #live() {
    this.#listen();
    this.#tell("live");
  }

  /**
   * A lost connection is the browser's first, since it knows how long the server asked it to wait; what it
   * cannot mend in one go is ours.
   */
  #failed() {
    if (this.#source?.readyState === CLOSED) {
      this.#drop();
      this.#tell("retrying", "the server refused");
      this.#ask();
    } else if (this.#failures++ === 0) {
      this.#listen();
      this.#tell("retrying", "the connection was lost");
    } else {
      this.#retry("the connection was lost");
    }
  }

  /** @param {string} reason */
  #retry(reason) {
    this.#drop();
    const doubled = Math.min(FIRST_DELAY * 2 ** this.#attempt++, LONGEST_DELAY / (1 + SPREAD));
    const delay = doubled * (1 + SPREAD * (this.#options.random ?? Math.random)());
    this.#tell("retrying", reason, delay);
    if (this.state.name === "ended") return; // the listener left
    this.#after(delay, () => {
      this.#tell("connecting");
      if (this.state.name !== "ended") this.#connect();
    });
  }

  /** We ask for heartbeats that a page is told of, so one that long heard nothing has lost its server. */
  #listen() {
    this.#after(SILENCE, () => this.#retry("nothing came for 45 s"));
  }

  /** @param {number} delay @param {() => void} act */
  #after(delay, act) {
    const timers = this.#options.timers ?? globalThis;
    timers.clearTimeout(this.#timer);
    this.#timer = timers.setTimeout(act, delay);
  }

  #drop() {
    (this.#options.timers ?? globalThis).clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  /** 204 says that all is over, 502 that a proxy has a bad day, and a page cannot tell them apart: ask for the jobs. */
  async #ask() {
    const answers = await Promise.all((this.#jobs.length ? this.#jobs : [""]).map((job) => this.#job(job)));
    if (this.state.name === "ended" || this.#source) return;
    const refusal = answers.find(({ status }) => status === 401 || status === 404);
    if (refusal) return this.#end(`the server answered ${refusal.status}`, refusal.body);
    const jobs = answers.map(({ body }) => /** @type {Job} */ (body));
    if (!this.#jobs.length || !jobs.every((job) => FINAL_STATUSES.has(job?.status))) {
      return this.#retry("the server refused");
    }
    if (this.#open.size) {
      const news = jobs.filter((job) => this.#open.has(job.jobId));
      this.#call(() => this.#options.onSnapshot?.(news, 0));
    }
    this.close("");
  }

  /** @param {string} job @returns {Promise<{status: number, body?: any}>} */
  async #job(job) {
    const { baseUrl = "", withCredentials = false, fetch = globalThis.fetch } = this.#options;
    try {
      const response = await fetch(`${baseUrl}/api/jobs${job ? `/${encodeURIComponent(job)}` : "?limit=1"}`, {
        credentials: withCredentials ? "include" : "same-origin",
        cache: "no-store",
        signal: AbortSignal.timeout(ANSWER),
      });
      return { status: response.status, body: await response.json().catch(() => undefined) };
    } catch {
      return { status: 0 };
    }
  }

  // ------------------------------------------------------------ what comes

  /** @param {string} type @param {MessageEvent<string>} frame */
  #take(type, frame) {
    this.#failures = this.#attempt = 0;
    this.#listen();
    const data = parse(frame.data);
    const jobs = data && type === "snapshot" ? (data.jobs ?? [data]) : [];
    if (!data || !Array.isArray(jobs)) return this.#retry("an event could not be read");
    switch (type) {
      case "server-stopping":
        return undefined; // the stream ends now, and the browser comes back when it was told to
      case "heartbeat":
        return this.#advance(frame.lastEventId);
      case "snapshot":
        return this.#snapshot(jobs, data.leftOut ?? 0, frame.lastEventId);
      case "gap":
        this.#forget();
        return this.#call(() => this.#options.onGap?.(data));
      default:
        return this.#event(data, frame.lastEventId);
    }
  }

  /** @param {JobEvent} event @param {string} id */
  #event(event, id) {
    const tell = () => this.#options.onEvent?.(event);
    if (!Number.isInteger(event.seq)) return this.#call(tell); // lines of a log
    const [epoch] = split(id);
    if (epoch === this.#epoch && event.seq <= this.#seq) return undefined;
    const before = this.#jobSeqs.get(event.jobId);
    const missed = !this.#query.types && before !== undefined && event.jobSeq !== before + 1;
    if (missed || (this.#epoch && epoch !== this.#epoch)) return this.#lost(id);
    [this.#epoch, this.#seq, this.lastEventId] = [epoch, event.seq, id];
    this.#jobSeqs.set(event.jobId, event.jobSeq);
    if (FINAL_TYPES.has(event.type)) this.#open.delete(event.jobId);
    return this.#give(tell);
  }

  /** @param {string} oldest */
  #lost(oldest) {
    const gap = { requested: `${this.#epoch}-${this.#seq}`, oldest };
    this.#forget();
    this.#retry("events are missing");
    this.#call(() => this.#options.onGap?.(gap));
  }

  /** @param {Job[]} jobs @param {number} leftOut @param {string} id */
  #snapshot(jobs, leftOut, id) {
    this.#forget();
    [this.#epoch, this.#seq] = split(id);
    this.lastEventId = id;
    for (const job of jobs) {
      if (job.lastJobSeq) this.#jobSeqs.set(job.jobId, job.lastJobSeq);
      if (FINAL_STATUSES.has(job.status)) this.#open.delete(job.jobId);
    }
    this.#give(() => this.#options.onSnapshot?.(jobs, leftOut));
  }

  /** Tell, and end if that was the last of the named jobs. @param {() => void} tell */
  #give(tell) {
    this.#call(tell);
    if (this.#jobs.length && !this.#open.size) this.close("");
  }

  /** A listener that fails is reported as any other, and does not stop us. @param {() => void} listener */
  #call(listener) {
    try {
      listener();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  /** @param {string} id */
  #advance(id) {
    const [epoch, seq] = split(id);
    if (epoch && epoch === this.#epoch && seq > this.#seq) [this.#seq, this.lastEventId] = [seq, id];
  }

  #forget() {
    [this.#epoch, this.#seq, this.lastEventId] = ["", 0, ""];
    this.#jobSeqs.clear();
  }

  /** @param {string} [reason] @param {any} [problem] */
  #end(reason = "", problem = undefined) {
    this.#drop();
    this.#tell("ended", reason, 0, problem);
    this.#resolve(this.state);
  }

  /** @param {State["name"]} name @param {string} [reason] @param {number} [delay] @param {any} [problem] */
  #tell(name, reason = "", delay = 0, problem = undefined) {
    this.state = problem === undefined ? { name, reason, delay } : { name, reason, delay, problem };
    this.#call(() => this.#options.onState?.(this.state));
  }
}

/** `<epoch>-<seq>`; nothing known for anything else. @param {string} id @returns {[string, number]} */
function split(id) {
  const match = /^(.+)-(\d+)$/.exec(id);
  return match ? [match[1], Number(match[2])] : ["", 0];
}

/** What a frame says; undefined if that is no object. @param {string} text @returns {any} */
function parse(text) {
  try {
    const data = JSON.parse(text || "{}");
    return data && typeof data === "object" && !Array.isArray(data) ? data : undefined;
  } catch {
    return undefined;
  }
}
