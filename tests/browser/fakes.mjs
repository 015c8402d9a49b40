/** An EventSource, a clock and a fetch that a test holds in its hands. */

export const JOB = "a-01TEST";

export class Clock {
  now = 0;
  #timers = new Map();
  #last = 0;
  setTimeout = (act, delay) => {
    this.#timers.set(++this.#last, { act, at: this.now + delay });
    return this.#last;
  };
  clearTimeout = (timer) => this.#timers.delete(timer);
  get waiting() {
    return this.#timers.size;
  }
  async pass(milliseconds) {
    const end = this.now + milliseconds;
    for (;;) {
      await settle();
      const [next] = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (!next) break;
      this.#timers.delete(next[0]);
      this.now = next[1].at;
      next[1].act();
    }
    this.now = end;
  }
}

export const settle = () => new Promise((resolve) => setImmediate(resolve));

export class FakeSource {
  static all = [];
  readyState = 0;
  #listeners = {};
  constructor(url, options) {
    Object.assign(this, { url, options });
    FakeSource.all.push(this);
  }
  addEventListener(type, act) {
    this.#listeners[type] = act;
  }
  close() {
    this.readyState = 2;
  }
  open() {
    this.readyState = 1;
    this.onopen({});
  }
  fail(readyState = 0) {
    this.readyState = readyState;
    this.onerror({});
  }
  refuse() {
    this.fail(2);
  }
  say(type, data, lastEventId = "") {
    this.#listeners[type]?.({ data: typeof data === "string" ? data : JSON.stringify(data), lastEventId });
  }
  event(seq, jobSeq = seq, { type = "job-status", epoch = "k", jobId = JOB } = {}) {
    this.say(type, { type, seq, jobSeq, jobId }, `${epoch}-${seq}`);
  }
  snapshot(seq, status = "Running", { epoch = "k", lastJobSeq } = {}) {
    this.say("snapshot", { jobId: JOB, status, lastSeq: seq, lastJobSeq }, `${epoch}-${seq}`);
  }
}

export function answers(...list) {
  const asked = [];
  const fetch = async (url) => {
    asked.push(url);
    const next = list.length > 1 ? list.shift() : list[0];
    if (next instanceof Error) throw next;
    return { status: next[0], json: async () => next[1] };
  };
  return Object.assign(fetch, { asked });
}
