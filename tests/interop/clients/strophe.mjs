// One person with strophe.js, over WebSocket: README.md.

import { $iq, $msg, $pres, Strophe } from "strophe.js";
import { NS, obey, say, task } from "./driver.mjs";

const { service, domain, user, password, resource } = task;
const { Status } = Strophe;
const connection = new Strophe.Connection(service, { enableStreamManagement: true });

const child = (element, name) => [...(element?.childNodes ?? [])].find(({ nodeName }) => nodeName === name);
const children = (element, name) => [...(element?.childNodes ?? [])].filter(({ nodeName }) => nodeName === name);
const text = (element, name) => child(element, name)?.textContent ?? null;
const attribute = (element, name) => element.getAttribute(name) || null;

function message(stanza) {
  return {
    from: attribute(stanza, "from"),
    type: attribute(stanza, "type"),
    body: text(stanza, "body"),
    kind: text(child(stanza, "extraParams"), "signalType"),
    delayed: child(stanza, "delay") !== undefined,
  };
}

/** Handlers stay as long as they return true. */
function listen() {
  connection.addHandler((stanza) => {
    for (const direction of ["sent", "received"]) {
      const copied = child(child(child(stanza, direction), "forwarded"), "message");
      if (copied) {
        say("copy", { ...message(copied), direction });
        return true;
      }
    }
    say("message", message(stanza));
    return true;
  }, null, "message");
  connection.addHandler((stanza) => {
    say("presence", { from: attribute(stanza, "from"), type: attribute(stanza, "type"), show: text(stanza, "show") });
    return true;
  }, null, "presence");
  const answer = (question) => $iq({ type: "result", to: attribute(question, "from"), id: attribute(question, "id") });
  connection.addHandler((push) => {
    say("roster_push", contact(child(child(push, "query"), "item")));
    connection.send(answer(push));
    return true;
  }, NS.roster, "iq", "set");
  connection.addHandler((ping) => {
    connection.send(answer(ping));
    return true;
  }, NS.ping, "iq", "get");
  connection.addHandler((question) => {
    const query = answer(question).c("query", { xmlns: NS.disco });
    connection.send(query.c("identity", { category: "client", type: "bot" }).up().c("feature", { var: "urn:example:driven" }));
    return true;
  }, NS.disco, "iq", "get");
}

const contact = (item) => ({ jid: attribute(item, "jid"), subscription: attribute(item, "subscription") });
const request = (iq) => new Promise((resolve, reject) => connection.sendIQ(iq, resolve, reject));

let told = () => {};
/** Connects until it is settled how that went. */
function connect() {
  return new Promise((resolve) => {
    told = resolve;
    connection.connect(`${user}@${domain}/${resource}`, password, (status) => {
      if (status === Status.DISCONNECTED) say("lost");
      if ([Status.CONNECTED, Status.AUTHFAIL, Status.CONNFAIL, Status.DISCONNECTED].includes(status)) told(status);
    });
  });
}

async function enter() {
  // Those of the connection before are gone with it.
  listen();
  const status = await connect();
  const jid = connection.jid;
  if (status !== Status.CONNECTED) {
    say("refused", { error: `status ${status}` });
  } else if (connection.hasResumed()) {
    say("resumed", { jid });
  } else {
    while (!connection.sm.enabled) await new Promise((resolve) => setTimeout(resolve, 10));
    say("online", { jid, resumption: connection.sm.hasResumableState() });
  }
}

await obey({
  log_in: enter,
  come_back: enter,
  async roster() {
    const answer = await request($iq({ type: "get" }).c("query", { xmlns: NS.roster }));
    say("roster", { items: children(child(answer, "query"), "item").map(contact) });
  },
  async carbons() {
    await request($iq({ type: "set" }).c("enable", { xmlns: NS.carbons }));
    say("carbons");
  },
  presence({ to, type, show }) {
    const presence = $pres({ ...(to && { to }), ...(type && { type }) });
    connection.send(show ? presence.c("show").t(show) : presence);
  },
  write: ({ to, body }) => connection.send($msg({ to, type: "chat" }).c("body").t(body)),
  signal({ to, kind }) {
    const signal = $msg({ to, type: "headline" }).c("extraParams");
    signal.c("moduleIdentifier").t("WebRTCVideoChat").up().c("signalType").t(kind).up();
    connection.send(signal.c("sessionID").t("a0a0a0a0-0000-4000-8000-000000000001"));
  },
  async ask({ to, about }) {
    const iq = $iq({ type: "get", to });
    const question = about === "ping" ? iq.c("ping", { xmlns: NS.ping }) : iq.c("query", { xmlns: NS.disco });
    try {
      const answer = await request(question);
      const features = children(child(answer, "query"), "feature").map((found) => attribute(found, "var"));
      say("answer", { from: attribute(answer, "from"), about, type: "result", features });
    } catch (answer) {
      const error = child(answer, "error").firstChild.nodeName;
      say("answer", { from: attribute(answer, "from"), about, type: "error", error });
    }
  },
  async cut() {
    const gone = new Promise((resolve) => (told = resolve));
    connection._proto.socket.terminate();
    await gone;
  },
  async leave() {
    const gone = new Promise((resolve) => (told = resolve));
    connection.send($pres({ type: "unavailable" }));
    connection.disconnect("bye");
    await gone;
    say("left");
  },
});
