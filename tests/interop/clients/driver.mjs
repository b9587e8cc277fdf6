// How a client is told what to do, and how it says what happened: README.md.

import { Console } from "node:console";
import { createInterface } from "node:readline";

export const NS = {
  carbons: "urn:xmpp:carbons:2",
  delay: "urn:xmpp:delay",
  disco: "http://jabber.org/protocol/disco#info",
  forward: "urn:xmpp:forward:0",
  ping: "urn:xmpp:ping",
  roster: "jabber:iq:roster",
};

// Libraries log to the console, and the output is for events.
globalThis.console = new Console(process.stderr);

export const task = JSON.parse(process.argv[2]);

export function say(event, about = {}) {
  process.stdout.write(`${JSON.stringify({ event, ...about })}\n`);
}

/** Carries out each command by the function of its name, one after the other. */
export async function obey(verbs) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: verb, ...about } = JSON.parse(line);
    await verbs[verb](about);
    if (verb === "leave") break;
  }
  process.exit(0);
}
