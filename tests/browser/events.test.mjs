/** events.js with everything around it made up: what it does at each turn, and when. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import * as events from "../../aurad/serve/page/events.js";
import { Clock, FakeSource, JOB, answers, settle } from "./fakes.mjs";

let clock, heard, states, random;

beforeEach(() => {
  FakeSource.all = [];
  [clock, heard, states, random] = [new Clock(), [], [], () => 0];
});

const options = (more = {}) => ({
  EventSource: FakeSource,
  timers: clock,
  random: () => random(),
  fetch: answers(new Error("no network")),
  onEvent: (event) => heard.push(event.seq ?? event.type),
  onSnapshot: (jobs) => heard.push(`snapshot ${jobs.map((job) => job.status)}`),
  onGap: ({ requested, oldest }) => heard.push(`gap ${requested} ${oldest}`),
  onState: ({ name }) => states.push(name),
  ...more,
});
const follow = (more) => events.subscribeToJobEvents(JOB, options(more));
const source = () => FakeSource.all.at(-1);

test("a stream without faults ends with the job", async () => {
  const stream = follow();
  assert.equal(source().url, `/api/jobs/${JOB}/events?heartbeat=event`);
  source().open();
  source().snapshot(2);
  source().event(3, 7);
  source().event(4, 8, { type: "job-completed" });
  assert.deepEqual(heard, ["snapshot Running", 3, 4]);
  assert.deepEqual(states, ["connecting", "live", "ended"]);
  assert.equal(source().readyState, 2);
  assert.equal((await stream.ended).reason, "");
  assert.equal(stream.lastEventId, "k-4");
  assert.equal(clock.waiting, 0);
});

test("a snapshot of an ended job is an end", async () => {
  const stream = follow();
  source().snapshot(9, "Failed");
  assert.deepEqual(heard, ["snapshot Failed"]);
  assert.equal((await stream.ended).name, "ended");
});

test("the browser mends a connection once, then it is ours, less and less often", async () => {
  follow({ lastEventId: "k-1" });
  source().open();
  source().event(2);
  source().fail();
  assert.equal(FakeSource.all.length, 1);
  source().open();
  source().event(3);
  source().fail();
  source().fail();
  for (const delay of [1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]) {
    const before = FakeSource.all.length;
    await clock.pass(delay - 1);
    assert.equal(FakeSource.all.length, before);
    await clock.pass(1);
    assert.equal(FakeSource.all.length, before + 1);
    assert.equal(source().url, `/api/jobs/${JOB}/events?heartbeat=event&lastEventID=k-3`);
    source().refuse();
    await settle();
  }
});

test("waits are spread by up to a half and never longer than 30 s", async () => {
  random = () => 0.999;
  const delays = [];
  follow({ onState: ({ name, delay }) => name === "retrying" && delay && delays.push(delay) });
  for (let n = 0; n < 8; n++) {
    source().refuse();
    await clock.pass(30_000);
  }
  assert.ok(delays.length === 8 && delays[0] > 1400 && delays[0] < 1500 && delays.at(-1) > 29_000);
  assert.ok(delays.every((delay) => delay <= 30_000));
});

test("an event makes the waits short again", async () => {
  follow();
  for (const delay of [1000, 2000]) {
    source().refuse();
    await clock.pass(delay);
  }
  source().snapshot(1);
  source().refuse();
  await clock.pass(1000);
  assert.equal(FakeSource.all.length, 4);
});

test("what comes twice is dropped, on one connection and over several", async () => {
  follow({ lastEventId: "earliest" });
  for (const seq of [1, 1, 2, 1]) source().event(seq);
  source().refuse();
  await clock.pass(1000);
  for (const seq of [1, 2, 3]) source().event(seq);
  assert.deepEqual(heard, [1, 2, 3]);
});

test("a skipped number is told and mended by a snapshot", async () => {
  const stream = follow({ lastEventId: "earliest" });
  const first = source();
  first.open();
  first.event(1);
  first.event(3);
  first.event(4);
  assert.deepEqual(heard, [1, "gap k-1 k-3"]);
  assert.equal(stream.lastEventId, "");
  await clock.pass(1000);
  assert.equal(source().url, `/api/jobs/${JOB}/events?heartbeat=event`);
  source().snapshot(5);
  source().event(6, 6);
  assert.deepEqual(heard.slice(2), ["snapshot Running", 6]);
});

test("a first event that is lost after a snapshot is told", async () => {
  follow();
  source().snapshot(6, "Running", { lastJobSeq: 3 });
  source().event(8, 5);
  assert.deepEqual(heard, ["snapshot Running", "gap k-6 k-8"]);
  await clock.pass(1000);
  source().snapshot(8, "Running", { lastJobSeq: 5 });
  source().event(9, 6);
  assert.deepEqual(heard.slice(2), ["snapshot Running", 9]);
});

test("a filtered stream may skip numbers", () => {
  follow({ types: ["job-status", "job-completed"], lastEventId: "k-0" });
  assert.equal(source().url, `/api/jobs/${JOB}/events?types=job-status%2Cjob-completed&heartbeat=event&lastEventID=k-0`);
  source().event(1);
  source().event(5);
  assert.deepEqual(heard, [1, 5]);
});

test("another epoch is no continuation", () => {
  follow();
  source().event(5);
  source().event(6, 6, { epoch: "new" });
  assert.deepEqual(heard, [5, "gap k-5 new-6"]);
});

test("a gap of the server is passed on, and what follows counts anew", () => {
  follow({ lastEventId: "old-7" });
  source().say("gap", { requested: "old-7", oldest: "k-3" });
  source().snapshot(4);
  source().event(5, 2);
  assert.deepEqual(heard, ["gap old-7 k-3", "snapshot Running", 5]);
});

test("several jobs: each has its own numbers, and the last one ends it", async () => {
  const stream = events.subscribeToJobs(["a", "b"], options({ labels: { team: "x" } }));
  assert.equal(source().url, "/api/events?jobs=a%2Cb&labels=team%3Ax&heartbeat=event");
  source().say("snapshot", { jobs: [{ jobId: "a", status: "Running" }, { jobId: "b", status: "Running" }] }, "k-0");
  source().event(1, 5, { jobId: "a" });
  source().event(2, 1, { jobId: "b" });
  source().event(3, 6, { jobId: "a", type: "job-failed" });
  assert.equal(stream.state.name, "connecting");
  source().event(4, 2, { jobId: "b", type: "job-cancelled" });
  assert.deepEqual(heard, ["snapshot Running,Running", 1, 2, 3, 4]);
  assert.equal(stream.state.name, "ended");
});

test("a snapshot tells how many jobs had no room in it", () => {
  const told = [];
  events.subscribeToJobs([], options({ onSnapshot: (jobs, leftOut) => told.push(leftOut) }));
  source().say("snapshot", { jobs: [], leftOut: 7 }, "k-0");
  source().say("snapshot", { jobs: [] }, "k-0");
  assert.deepEqual(told, [7, 0]);
});

test("all jobs: it never ends by itself", () => {
  const stream = events.subscribeToJobs([], options());
  assert.equal(source().url, "/api/events?heartbeat=event");
  source().say("snapshot", { jobs: [] }, "k-0");
  source().event(1, 9, { type: "job-completed" });
  assert.notEqual(stream.state.name, "ended");
});

for (const [name, answer, end, said] of [
  ["an ended job", [200, { jobId: JOB, status: "Succeeded" }], true, ["snapshot Succeeded"]],
  ["401", [401, { errorCode: "E401-TOKEN" }], true, []],
  ["404", [404, { errorCode: "E200-NO_JOB" }], true, []],
  ["a running job", [200, { jobId: JOB, status: "Running" }], false, []],
  ["403", [403, {}], false, []],
  ["500", [500, {}], false, []],
  ["502", [502, undefined], false, []],
  ["503", [503, {}], false, []],
  ["429", [429, {}], false, []],
  ["nonsense", [200, "<html>"], false, []],
  ["nothing", [200, undefined], false, []],
  ["no network", new Error("no"), false, []],
]) {
  test(`closed by the server, and asked for the job: ${name} ${end ? "ends" : "reopens"}`, async () => {
    const fetch = answers(answer);
    const stream = follow({ fetch, lastEventId: "k-1" });
    source().refuse();
    await clock.pass(1000);
    assert.deepEqual(fetch.asked, [`/api/jobs/${JOB}`]);
    assert.equal(stream.state.name, end ? "ended" : "connecting");
    assert.equal(FakeSource.all.length, end ? 1 : 2);
    assert.deepEqual(heard, said);
    assert.equal(stream.state.problem?.errorCode, answer[1]?.errorCode);
  });
}

test("closed by the server with several jobs: all of them are asked for", async () => {
  const ended = { status: "Failed" };
  const fetch = answers([200, { jobId: "a", ...ended }], [200, { jobId: "b", ...ended }]);
  const stream = events.subscribeToJobs(["a", "b"], options({ fetch, baseUrl: "http://x" }));
  source().event(1, 1, { jobId: "a", type: "job-failed" });
  source().refuse();
  await settle();
  assert.deepEqual(fetch.asked, ["http://x/api/jobs/a", "http://x/api/jobs/b"]);
  assert.equal(stream.state.name, "ended");
  assert.deepEqual(heard, [1, "snapshot Failed"]);
});

test("closed by the server with all jobs: the list is asked for, and only a refusal ends", async () => {
  const fetch = answers([200, { jobs: [] }], [401, {}]);
  const stream = events.subscribeToJobs([], options({ fetch }));
  source().refuse();
  await clock.pass(1000);
  assert.equal(stream.state.name, "connecting");
  source().refuse();
  await settle();
  assert.deepEqual(fetch.asked, ["/api/jobs?limit=1", "/api/jobs?limit=1"]);
  assert.equal(stream.state.name, "ended");
});

test("a long silence is a fault: the stream is opened anew where it was", async () => {
  follow();
  source().open();
  source().snapshot(7);
  await clock.pass(44_999);
  assert.equal(FakeSource.all.length, 1);
  assert.deepEqual(states, ["connecting", "live"]);
  await clock.pass(1);
  assert.equal(FakeSource.all[0].readyState, 2);
  await clock.pass(1000);
  assert.equal(FakeSource.all.length, 2);
  assert.equal(source().url, `/api/jobs/${JOB}/events?heartbeat=event&lastEventID=k-7`);
  source().open();
  source().event(8);
  assert.deepEqual(states, ["connecting", "live", "retrying", "connecting", "live"]);
});

test("heartbeats keep an idle stream, tell nobody anything, and move the cursor", async () => {
  const stream = follow();
  source().open();
  source().snapshot(7);
  for (let n = 8; n < 20; n++) {
    await clock.pass(15_000);
    source().say("heartbeat", "{}", `k-${n}`);
  }
  assert.equal(FakeSource.all.length, 1);
  assert.deepEqual([heard, states], [["snapshot Running"], ["connecting", "live"]]);
  assert.equal(stream.lastEventId, "k-19");
});

test("a connection that never opens is given up", async () => {
  follow();
  await clock.pass(45_000);
  assert.deepEqual(states, ["connecting", "retrying"]);
  await clock.pass(1000);
  assert.equal(FakeSource.all.length, 2);
});

test("a browser that never comes back is not waited for", async () => {
  follow();
  source().open();
  source().fail();
  await clock.pass(46_000);
  assert.equal(FakeSource.all.length, 2);
});

for (const [type, data] of [
  ["job-status", "{"],
  ["job-status", "[1]"],
  ["job-status", "null"],
  ["snapshot", '{"jobs": 3}'],
]) {
  test(`a frame that makes no sense is a fault: ${type} ${data}`, async () => {
    follow({ lastEventId: "k-0" });
    source().event(1);
    source().say(type, data, "k-2");
    await clock.pass(1000);
    assert.equal(source().url, `/api/jobs/${JOB}/events?heartbeat=event&lastEventID=k-1`);
    assert.deepEqual(heard, [1]);
  });
}

test("server-stopping leaves the coming back to the browser", () => {
  follow();
  source().open();
  source().say("server-stopping", {});
  source().fail();
  assert.equal(FakeSource.all.length, 1);
  assert.deepEqual(states, ["connecting", "live", "retrying"]);
});

test("lines of logs have no number", () => {
  follow({ types: ["job-log"] });
  source().say("job-log", { type: "job-log", lines: [] });
  assert.deepEqual(heard, ["job-log"]);
});

test("nothing is told after close", async () => {
  const stream = follow();
  const first = source();
  first.event(1);
  stream.close();
  stream.close();
  first.event(2);
  first.fail();
  await clock.pass(100_000);
  assert.deepEqual([heard, FakeSource.all.length, clock.waiting], [[1], 1, 0]);
  assert.deepEqual(await stream.ended, { name: "ended", reason: "closed", delay: 0 });
  assert.equal(stream.lastEventId, "k-1");
});

for (const moment of ["retrying", "connecting", "live"]) {
  test(`closing while told "${moment}" leaves nothing behind`, async () => {
    let stream, first = true;
    const onState = ({ name }) => !first && name === moment && stream.close();
    stream = follow({ onState });
    first = false;
    source().open();
    source().refuse();
    await clock.pass(100_000);
    assert.equal(stream.state.name, "ended");
    assert.equal(clock.waiting, 0);
    assert.equal(source().readyState, 2);
  });
}

test("a listener that fails is reported and stops nothing", async () => {
  const reported = [];
  const before = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => reported.push(error.message));
  follow({ onEvent: () => { throw new Error("mine"); }, lastEventId: "k-0" });
  source().event(1);
  source().event(2, 2, { type: "job-completed" });
  await settle();
  process.removeAllListeners("uncaughtException");
  before.forEach((each) => process.on("uncaughtException", each));
  assert.deepEqual(reported, ["mine", "mine"]);
  assert.equal(states.at(-1), "ended");
});

test("without an EventSource it says so", () => {
  assert.throws(() => follow({ EventSource: undefined }), /there is no EventSource/);
});
