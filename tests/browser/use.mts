/** What a typed page would write; only its types are checked. */
import { subscribeToJobEvents, subscribeToJobs, type Gap, type Job, type State } from "../../aurad/serve/page/events.js";

const stream = subscribeToJobEvents("a-1", {
  onEvent: (event) => console.log(event.type),
  onSnapshot: (jobs: Job[]) => console.log(jobs.map((job) => job.progress)),
  onGap: (gap: Gap) => console.log(gap.requested),
  onState: (state: State) => console.log(state.name, state.problem?.detail),
  types: ["job-status"],
});
const state: State = await stream.ended;
subscribeToJobs([], { labels: { team: "x" }, lastEventId: stream.lastEventId }).close();
console.log(state.reason);
// @ts-expect-error: a job's id is text
subscribeToJobEvents(7);
