/** The npm package `eventsource` alone: every event that it gives, a line of JSON each. Environment: URL, MODULES, TYPES. */

import { pathToFileURL } from "node:url";

const { EventSource } = await import(pathToFileURL(`${process.env.MODULES}/eventsource/dist/index.js`));
const source = new EventSource(process.env.URL);
for (const type of process.env.TYPES.split(",")) {
  source.addEventListener(type, ({ lastEventId, data }) => {
    process.stdout.write(`${JSON.stringify([lastEventId, type, data])}\n`);
  });
}
