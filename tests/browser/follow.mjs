/**
 * events.js in Node: tells what it hears, a line of JSON each, and ends with the job.
 * Environment: BASE, JOB, FASTER (how much faster its clock runs), MODULES; OPTIONS as JSON.
 */

import { pathToFileURL } from "node:url";

import { subscribeToJobEvents, subscribeToJobs } from "../../aurad/serve/page/events.js";

const { BASE, JOB, FASTER = "1", MODULES, OPTIONS = "{}" } = process.env;
const { EventSource } = await import(pathToFileURL(`${MODULES}/eventsource/dist/index.js`));
const say = (...words) => process.stdout.write(`${JSON.stringify(words)}\n`);
const options = {
  EventSource,
  baseUrl: BASE,
  timers: { setTimeout: (act, delay) => setTimeout(act, delay / Number(FASTER)), clearTimeout },
  onEvent: (event) => say("event", event, stream?.lastEventId),
  onSnapshot: (jobs) => say("snapshot", jobs.map((job) => job.status)),
  onGap: (gap) => say("gap", gap),
  onState: ({ name, reason }) => say("state", name, reason),
  ...JSON.parse(OPTIONS),
};
let stream;
stream = JOB ? subscribeToJobEvents(JOB, options) : subscribeToJobs([], options);
await stream.ended;
