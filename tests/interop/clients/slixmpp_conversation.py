"""Two people with slixmpp, an XMPP client that knows nothing of this server.

Takes one JSON object: `xmpp` and `xmpps` (addresses and ports), `domain`, `app`,
`ca` (a certificate file), `people` (two of `user` and `password`). Ends with 0
after all steps, otherwise with what did not happen.
"""

import asyncio
import json
import sys

import slixmpp

# A step that hangs fails; nothing is measured by it.
PATIENCE = 60

TASK = json.loads(sys.argv[1])


class Client(slixmpp.ClientXMPP):
    def __init__(self, person, resource):
        jid = f"{person['user']}-{TASK['app']}@{TASK['domain']}/{resource}"
        super().__init__(jid, person["password"])
        for name in ("0030", "0198", "0199", "0203", "0280"):
            self.register_plugin(f"xep_{name}")
        self.ca_certs = TASK["ca"]
        self.came = asyncio.Queue()
        for event in (
            "session_start", "session_resumed", "disconnected", "message",
            "carbon_sent", "changed_status", "presence_unavailable",
            "roster_update", "failed_auth", "sm_enabled",
        ):
            self.add_event_handler(event, lambda what, event=event: self.came.put_nowait((event, what)))

    def reach(self, tls=False):
        host, port = TASK["xmpps" if tls else "xmpp"].rsplit(":", 1)
        self.connect((host, int(port)), use_ssl=tls, force_starttls=not tls)

    async def until(self, wanted, condition=lambda what: True):
        async def search():
            while True:
                event, what = await self.came.get()
                if event == "failed_auth":
                    raise AssertionError("the login is refused")
                if event == wanted and condition(what):
                    return what
        try:
            return await asyncio.wait_for(search(), PATIENCE)
        except asyncio.TimeoutError:
            raise AssertionError(f"{self.boundjid}: no {wanted}") from None

    async def log_in(self, tls=False):
        self.reach(tls)
        await self.until("session_start")
        await self.until("sm_enabled")
        await self["xep_0280"].enable()
        await self.get_roster()
        self.send_presence()

    async def reads(self, text):
        return await self.until("message", lambda message: message["body"] == text)

    def write(self, to, text):
        self.send_message(mto=to, mbody=text, mtype="chat")


async def conversation():
    one, other = TASK["people"]
    ann, bob = Client(one, "phone"), Client(other, "phone")
    await ann.log_in()
    await bob.log_in()

    info = await ann["xep_0030"].get_info(jid=TASK["domain"])
    features = info["disco_info"]["features"]
    assert {"urn:xmpp:carbons:2", "urn:xmpp:ping", "msgoffline"} <= set(features), features

    ann.send_presence_subscription(pto=bob.boundjid.bare)
    both = lambda roster: any(
        item["subscription"] == "both" for item in roster["roster"]["items"].values())
    await ann.until("roster_update", both)
    await bob.until("roster_update", both)
    bob.send_presence(pshow="away")
    await ann.until("changed_status", lambda told: told["show"] == "away")

    tablet = Client(one, "tablet")
    await tablet.log_in(tls=True)
    ann.write(bob.boundjid.bare, "hello")
    heard = await bob.reads("hello")
    assert heard["from"] == ann.boundjid, heard
    copy = await tablet.until("carbon_sent")
    assert copy["carbon_sent"]["body"] == "hello", copy
    bob.write(ann.boundjid.bare, "hi")
    await ann.reads("hi")
    await tablet.reads("hi")

    await bob["xep_0199"].ping(jid=ann.boundjid, timeout=PATIENCE)
    tablet.disconnect()
    await ann.until("presence_unavailable", lambda told: told["from"] == tablet.boundjid)

    address = ann.boundjid.full
    ann.transport.abort()
    await ann.until("disconnected")
    bob.write(address, "are you there?")
    await bob["xep_0199"].ping(jid=TASK["domain"], timeout=PATIENCE)
    ann.reach()
    await ann.until("session_resumed")
    await ann.reads("are you there?")
    assert ann.boundjid.full == address, ann.boundjid
    ann.write(bob.boundjid.bare, "I am back")
    await bob.reads("I am back")

    bob.disconnect()
    await ann.until("presence_unavailable")
    ann.write(bob.boundjid.bare, "read this later")
    await ann["xep_0199"].ping(jid=TASK["domain"], timeout=PATIENCE)
    later = Client(other, "laptop")
    await later.log_in()
    kept = await later.reads("read this later")
    assert kept["delay"]["stamp"] is not None, kept
    for client in (ann, later):
        client.disconnect()


asyncio.get_event_loop().run_until_complete(conversation())
