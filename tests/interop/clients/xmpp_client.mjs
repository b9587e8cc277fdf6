// One person with `@xmpp/client`, over any of its ways: README.md.

import { webcrypto } from "node:crypto";
import { client, xml } from "@xmpp/client";
import WebSocket from "ws";
import { NS, obey, say, task } from "./driver.mjs";

// What browsers and newer releases of Node.js have.
globalThis.WebSocket = WebSocket;
globalThis.crypto ??= webcrypto;

const { service, domain, user: username, password, resource } = task;
const xmpp = client({ service, domain, username, password, resource });
// It comes back when it is told to.
xmpp.reconnect.stop();

const text = (element, name) => element?.getChildText(name) ?? null;

function message(stanza) {
  return {
    from: stanza.attrs.from ?? null,
    type: stanza.attrs.type ?? null,
    body: text(stanza, "body"),
    kind: text(stanza.getChild("extraParams"), "signalType"),
    delayed: stanza.getChild("delay", NS.delay) !== undefined,
  };
}

function hear(stanza) {
  if (stanza.is("message")) {
    for (const direction of ["sent", "received"]) {
      const copied = stanza.getChild(direction, NS.carbons)?.getChild("forwarded", NS.forward)?.getChild("message");
      if (copied) {
        say("copy", { ...message(copied), direction });
        return;
      }
    }
    say("message", message(stanza));
  } else if (stanza.is("presence")) {
    const { from, type = null } = stanza.attrs;
    say("presence", { from, type, show: text(stanza, "show") });
  }
}

const contact = ({ attrs: { jid, subscription } }) => ({ jid, subscription });

xmpp.iqCallee.set(NS.roster, "query", ({ element }) => {
  say("roster_push", contact(element.getChild("item")));
  return true;
});
xmpp.iqCallee.get(NS.disco, "query", () =>
  xml("query", { xmlns: NS.disco }, xml("identity", { category: "client", type: "bot" }), xml("feature", { var: "urn:example:driven" })),
);
xmpp.on("stanza", hear);
xmpp.on("error", (error) => process.stderr.write(`${error}\n`));
xmpp.on("disconnect", () => say("lost"));
xmpp.streamManagement.on("resumed", () => say("resumed", { jid: `${xmpp.jid}` }));

const settled = (name) => new Promise((resolve) => xmpp.once(name, resolve));

await obey({
  async log_in() {
    try {
      const jid = await xmpp.start();
      const resumption = await new Promise((resolve) => {
        const look = () => (xmpp.streamManagement.enabled ? resolve(xmpp.streamManagement.id !== "") : setTimeout(look, 10));
        look();
      });
      say("online", { jid: `${jid}`, resumption });
    } catch (error) {
      say("refused", { error: error.condition ?? `${error}` });
    }
  },
  async roster() {
    const query = await xmpp.iqCaller.get(xml("query", { xmlns: NS.roster }));
    say("roster", { items: query.getChildren("item").map(contact) });
  },
  async carbons() {
    await xmpp.iqCaller.set(xml("enable", { xmlns: NS.carbons }));
    say("carbons");
  },
  presence: ({ to, type, show }) => xmpp.send(xml("presence", { to, type }, show && xml("show", {}, show))),
  write: ({ to, body }) => xmpp.send(xml("message", { to, type: "chat" }, xml("body", {}, body))),
  signal: ({ to, kind }) =>
    xmpp.send(
      xml(
        "message",
        { to, type: "headline" },
        xml(
          "extraParams",
          {},
          xml("moduleIdentifier", {}, "WebRTCVideoChat"),
          xml("signalType", {}, kind),
          xml("sessionID", {}, "a0a0a0a0-0000-4000-8000-000000000001"),
        ),
      ),
    ),
  async ask({ to, about }) {
    const what = { ping: xml("ping", { xmlns: NS.ping }), disco: xml("query", { xmlns: NS.disco }) }[about];
    try {
      const answer = await xmpp.iqCaller.request(xml("iq", { type: "get", to }, what));
      const features = answer.getChild("query")?.getChildren("feature") ?? [];
      say("answer", { from: answer.attrs.from, about, type: "result", features: features.map(({ attrs }) => attrs.var) });
    } catch (error) {
      say("answer", { from: error.element.parent.attrs.from, about, type: "error", error: error.condition });
    }
  },
  async cut() {
    const gone = settled("disconnect");
    const socket = xmpp.socket.socket ?? xmpp.socket;
    (socket.terminate ?? socket.destroy).call(socket);
    await gone;
  },
  come_back: () => xmpp.reconnect.reconnect(),
  async leave() {
    await xmpp.send(xml("presence", { type: "unavailable" }));
    await xmpp.stop();
    say("left");
  },
});
