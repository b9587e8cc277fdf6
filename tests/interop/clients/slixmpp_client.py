"""One person with slixmpp, over STARTTLS or direct TLS: README.md."""

import asyncio
import json
import socket
import sys
from urllib.parse import urlsplit

import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

TASK = json.loads(sys.argv[1])
SESSION = "a0a0a0a0-0000-4000-8000-000000000001"


def say(event, **about):
    print(json.dumps({"event": event, **about}), flush=True)


def message(stanza):
    kind = stanza.xml.find("{jabber:client}extraParams/{jabber:client}signalType")
    return {
        "from": stanza["from"].full,
        "type": stanza.xml.get("type"),
        "body": stanza["body"] or None,
        "kind": None if kind is None else kind.text,
        "delayed": stanza.get_plugin("delay", check=True) is not None,
    }


def contact(jid, item):
    return {"jid": str(jid), "subscription": item["subscription"]}


class Person(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__(f"{TASK['user']}@{TASK['domain']}/{TASK['resource']}", TASK["password"])
        for name in ("0030", "0198", "0199", "0203", "0280"):
            self.register_plugin(f"xep_{name}")
        self["xep_0030"].add_feature("urn:example:driven")
        self.ca_certs = TASK["ca"]
        # Its own event is of messages with a body alone.
        signal = MatchXPath("{jabber:client}message/{jabber:client}extraParams")
        self.register_handler(Callback("signal", signal, self.on_message))
        # Whom it lets see its presence is up to the test.
        self.auto_authorize = None
        self.auto_subscribe = False
        for event in (
            "message", "carbon_sent", "carbon_received", "presence",
            "roster_update", "disconnected", "session_resumed", "failed_auth",
        ):
            self.add_event_handler(event, getattr(self, f"on_{event}"))

    def on_message(self, stanza):
        say("message", **message(stanza))

    def on_carbon_sent(self, stanza):
        say("copy", direction="sent", **message(stanza["carbon_sent"]))

    def on_carbon_received(self, stanza):
        say("copy", direction="received", **message(stanza["carbon_received"]))

    def on_presence(self, stanza):
        say("presence", **{"from": stanza["from"].full, "type": stanza.xml.get("type"), "show": stanza["show"] or None})

    def on_roster_update(self, stanza):
        if stanza["type"] == "set":
            for jid, item in stanza["roster"]["items"].items():
                say("roster_push", **contact(jid, item))

    def on_disconnected(self, _):
        say("lost")

    def on_session_resumed(self, _):
        say("resumed", jid=self.boundjid.full)

    def on_failed_auth(self, _):
        say("refused", error="not-authorized")

    def reach(self):
        service = urlsplit(TASK["service"])
        direct = service.scheme == "xmpps"
        # Its own resolver asks name servers, who know no `localhost`.
        address = socket.gethostbyname(service.hostname)
        self.connect((address, service.port), use_ssl=direct, force_starttls=not direct)

    async def do_log_in(self):
        self.reach()
        await asyncio.gather(*(self.wait_until(event, timeout=None) for event in ("session_start", "sm_enabled")))
        say("online", jid=self.boundjid.full, resumption=self["xep_0198"].sm_id is not None)

    async def do_roster(self):
        roster = (await self.get_roster())["roster"]
        say("roster", items=[contact(jid, item) for jid, item in roster["items"].items()])

    async def do_carbons(self):
        await self["xep_0280"].enable()
        say("carbons")

    async def do_presence(self, to=None, type=None, show=None):
        self.send_presence(pto=to, ptype=type, pshow=show)

    async def do_write(self, to, body):
        self.send_message(mto=to, mbody=body, mtype="chat")

    async def do_signal(self, to, kind):
        signal = self.make_message(mto=to, mtype="headline")
        params = ET.SubElement(signal.xml, "{jabber:client}extraParams")
        for name, value in (("moduleIdentifier", "WebRTCVideoChat"), ("signalType", kind), ("sessionID", SESSION)):
            ET.SubElement(params, f"{{jabber:client}}{name}").text = value
        signal.send()

    async def do_ask(self, to, about):
        try:
            if about == "ping":
                answer, features = await self["xep_0199"].send_ping(to), []
            else:
                answer = await self["xep_0030"].get_info(jid=to)
                features = sorted(answer["disco_info"]["features"])
            say("answer", about=about, type="result", features=features, **{"from": answer["from"].full})
        except IqError as error:
            answer = error.iq
            say("answer", about=about, type="error", error=answer["error"]["condition"], **{"from": answer["from"].full})

    async def do_cut(self):
        gone = self.wait_until("disconnected", timeout=None)
        self.transport.abort()
        await gone

    async def do_come_back(self):
        self.reach()

    async def do_leave(self):
        await self.disconnect()
        say("left")


async def obey():
    person = Person()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        verb = command.pop("do")
        await getattr(person, f"do_{verb}")(**command)
        if verb == "leave":
            break


asyncio.get_event_loop().run_until_complete(obey())
