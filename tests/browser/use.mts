/** What a typed page would write; only its types are checked. */
import { subscribeToJobEvents, subscribeToJobs, type Gap, type Job, type JobEvent, type JobLog, type State } from "../../aurad/serve/page/events.js";

const stream = subscribeToJobEvents("a-1", {
  onEvent: (event) => console.log(event.type, event.type === "artifact" ? event.artifact.href : event.progress),
  onSnapshot: (jobs: Job[]) => console.log(jobs.map((job) => job.progress)),
  onGap: (gap: Gap) => console.log(gap.requested),
  onState: (state: State) => console.log(state.name, state.problem?.detail),
  types: ["job-status"],
});
const state: State = await stream.ended;
subscribeToJobs([], { labels: { team: "x" }, lastEventId: stream.lastEventId }).close();
console.log(state.reason);
subscribeToJobs([], {
  onEvent: (event: JobEvent | JobLog) => console.log(event.type === "job-log" ? event.lines : event.seq),
  types: ["job-log", "job-completed"],
});
// @ts-expect-error: there is no such member
subscribeToJobs([], { onEvent: (event) => console.log(event.percent) });
// @ts-expect-error: a job's id is text
subscribeToJobEvents(7);
