#!/usr/bin/env python3
"""Signed messaging from the client's side: Ann writes to Bob, and every step is checked.

Needs Python 3.10 or newer and the package `cryptography`. Against the local stack:

    python3 infra/examples/signed_messaging.py --api http://127.0.0.1:3000 --backend-key local-backend-key

There are two roles. `Backend` is your platform's server: it holds the backend key, creates users and seats
them in chats. `Client` is one user: it holds a private key that never leaves it, sends and receives.

Three rules are behind most of what follows:

1. Sign the bytes that are sent. Write the block once, sign that text, send that text. The same object
   written a second time may differ by a space, and the signature is then wrong.
2. Verify the bytes that came, then read those bytes and nothing else.
3. Everything stays in a user's queue until the user acknowledges it. Store first, then acknowledge.

This example asks for what is new. A client that stays open can listen on the WebSocket API instead: what is
pushed there has the same shape and is signed in the same way (always RS256).
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Json = dict[str, Any]

# Both algorithms use SHA-256. A salt of 32 bytes, as long as the hash, is part of what PS256 means.
PADDINGS: dict[str, padding.PKCS1v15 | padding.PSS] = {
    "RS256": padding.PKCS1v15(),
    "PS256": padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32),
}
# Most statuses in a block, and most messages.
BLOCK = 100
# Milliseconds. The server takes nothing older, and neither do we.
FIVE_MINUTES = 5 * 60 * 1000
# Seconds: longer than the API takes for any answer.
TIMEOUT = 60


# ----------------------------------------------------------------------------------------- calls, bytes, keys


class Failure(Exception):
    """Something is not as it must be. The text is for people."""


class Refused(Failure):
    """The API refused a call. `status` and `code` are for programs, the rest is for people."""

    def __init__(self, question: str, status: int, body: bytes) -> None:
        try:
            envelope = json.loads(body)
        except ValueError:
            envelope = None
        if not isinstance(envelope, dict):
            envelope = {"error": body[:200].decode(errors="replace")}
        self.status = status
        self.code: str = envelope.get("code", "")
        # `details` is there where there is more to say, for instance which of 100 users has a bad key.
        parts = [str(envelope[name]) for name in ("error", "code", "details") if name in envelope]
        super().__init__(f"{question} was refused with {status}: {'; '.join(parts)}")


def call(method: str, url: str, credential: str | None = None, body: bytes | None = None) -> bytes:
    """Makes one call and gives the answer's body as bytes, because signatures are over bytes."""
    request = urllib.request.Request(url, data=body, method=method)
    if credential is not None:
        request.add_header("Authorization", f"Bearer {credential}")
    if body is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            answer: bytes = response.read()
            return answer
    except urllib.error.HTTPError as error:
        with error:
            raise Refused(f"{method} {urllib.parse.urlsplit(url).path}", error.code, error.read()) from None


def to_json(value: object) -> bytes:
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False).encode()


def now() -> str:
    """The time as this API writes it: milliseconds since 1970, as a string."""
    return str(time.time_ns() // 1_000_000)


def raw_member(body: bytes, name: str) -> bytes:
    """The value of one member of a JSON object: its bytes, exactly as they came.

    `json.loads` gives what a text means and forgets how it was written. So this walks along the members and
    asks the decoder only where each value ends. Many languages have a ready-made type for it, such as
    `json.RawMessage` in Go or `RawValue` of serde in Rust.
    """
    # Strict UTF-8 decodes and encodes without loss.
    text = body.decode()
    decoder = json.JSONDecoder()

    def after(sign: str, at: int) -> int:
        """The position behind `sign`, which must come next, and behind the white space around it."""
        found = re.compile(rf"[ \t\r\n]*{re.escape(sign)}[ \t\r\n]*").match(text, at)
        if found is None:
            raise Failure(f"The answer has no member {name}")
        return found.end()

    at = after("{", 0)
    while True:
        key, at = decoder.raw_decode(text, at)
        start = after(":", at)
        _, at = decoder.raw_decode(text, start)
        if key == name:
            return text[start:at].encode()
        at = after(",", at)


class ServerKeys:
    """The keys that the server signs its answers with.

    They come over the same HTTPS connection as the answers. Whoever wants to trust them independently of it
    delivers them with the client instead.
    """

    def __init__(self, api: str) -> None:
        self._api = api
        self._keys: list[rsa.RSAPublicKey] = []

    def verify(self, value: bytes, signature: bytes, algorithm: str) -> None:
        """Raises unless the server signed these bytes.

        The keys are kept. They change rarely, so only a signature that fits none of them is a reason to ask
        again.
        """
        if self._fits(value, signature, algorithm):
            return
        self._keys = self._fetch()
        if not self._fits(value, signature, algorithm):
            raise Failure("The server's signature does not fit its answer")

    def _fits(self, value: bytes, signature: bytes, algorithm: str) -> bool:
        for key in self._keys:
            try:
                key.verify(signature, value, PADDINGS[algorithm], hashes.SHA256())
                return True
            except InvalidSignature:
                continue
        return False

    def _fetch(self) -> list[rsa.RSAPublicKey]:
        answer = json.loads(call("GET", f"{self._api}/publicKey"))
        # While the operator changes the key, there is a previous one that still signs some answers.
        texts = [answer[name] for name in ("publicKey", "previousPublicKey") if name in answer]
        keys = [serialization.load_pem_public_key(text.encode()) for text in texts]
        return [key for key in keys if isinstance(key, rsa.RSAPublicKey)]


@dataclass(frozen=True)
class Tokens:
    """What a user shows to the API: the access token for an hour, the refresh token once within 30 days."""

    access: str
    refresh: str

    @classmethod
    def of(cls, answer: Json) -> Tokens:
        """The tokens in an answer."""
        return cls(access=answer["accessToken"], refresh=answer["refreshToken"])


# -------------------------------------------------------------------------------------- the platform's server


class Backend:
    """Your platform's server. The backend key stays here and is never given to a user."""

    def __init__(self, api: str, key: str) -> None:
        self._api = api
        self._key = key

    def create_users(self, registrations: Sequence[Json]) -> dict[str, Tokens]:
        """Creates up to 100 users in one go, all or none, and gives each one's tokens by userID.

        A userID that exists gets the new key, and its old tokens end: this is also the way back in for a user
        who lost the key or the tokens. So make sure that it is really this user who asks.
        """
        answer = json.loads(self._call("POST", "/token", {"users": list(registrations)}))
        return {user["userID"]: Tokens.of(user) for user in answer["users"]}

    def seat(self, chat: str, users: Sequence[str], name: str) -> list[str]:
        """Seats users in a chat, which is created if there is none, and gives their GUIDs in the same order.

        A GUID names a user in one chat, and another GUID in the next, so that nobody can tell from it who
        meets where. The first listed owns a new chat. After a lost answer, just do it again.
        """
        body = {"users": list(users), "chatName": name}
        guids: list[str] = json.loads(self._call("PUT", f"/backend/chats/{chat}/users", body))["GUIDList"]
        return guids

    def close(self, chat: str) -> None:
        """Closes a chat. What is in its participants' queues stays there."""
        self._call("DELETE", f"/backend/chats/{chat}")

    def _call(self, method: str, path: str, body: Json | None = None) -> bytes:
        return call(method, self._api + path, self._key, None if body is None else to_json(body))


# ----------------------------------------------------------------------------------------------------- a user


@dataclass
class Incoming:
    """What waits for a user, oldest first in each list."""

    messages: list[Json] = field(default_factory=list)
    statuses: list[Json] = field(default_factory=list)
    info: list[Json] = field(default_factory=list)

    def ids(self) -> list[str]:
        """The messageIDs of everything: statuses and infos have one as well, and are acknowledged as well."""
        return [event["messageID"] for event in self.messages + self.statuses + self.info]


def message(chat: str, text: str, recipient: str | None = None) -> Json:
    """A message to one participant, by GUID, or to all others.

    The clientHash says which message this is, however often it is sent: the server takes it once within 24
    hours. Any text of up to 128 bytes will do that this user uses for no other message.
    """
    entry = {"messageText": text}
    if recipient is not None:
        entry["recipient"] = recipient
    return {"chatID": chat, "clientHash": str(uuid.uuid4()), "messageBlock": [entry]}


class Client:
    """One user. A real client keeps its private key and its tokens where they outlive a restart."""

    def __init__(self, api: str, user_id: str, name: str, algorithm: str) -> None:
        self.user_id = user_id
        self.tokens = Tokens("", "")
        self.private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._api = api
        self._name = name
        self._algorithm = algorithm
        self._server = ServerKeys(api)

    def registration(self) -> Json:
        """What the user tells your platform's server, in whatever way the two talk."""
        public = self.private_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return {"userID": self.user_id, "userKey": public.decode(), "displayName": self._name}

    # --- tokens

    def call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Calls the API with the access token. When it has expired, takes a new one and calls again.

        The token goes in the header and not in the body, so a signed body needs no change for a new token.
        """
        try:
            return call(method, self._api + path, self.tokens.access, body)
        except Refused as error:
            if error.status != 401:
                raise
        self.refresh()
        return call(method, self._api + path, self.tokens.access, body)

    def refresh(self) -> None:
        """Takes new tokens for the refresh token.

        A refresh token works once. Used again it counts as stolen, and all tokens that came from it end. So
        store the new ones before anything else, and never refresh in two places at once. When this fails with
        401, only the platform's server can help: `Backend.create_users`.
        """
        answer = call("PUT", f"{self._api}/token", body=to_json({"refreshToken": self.tokens.refresh}))
        self.tokens = Tokens.of(json.loads(answer))

    # --- sending

    def write(self, messages: Sequence[Json] = (), statuses: Sequence[Json] = ()) -> bytes:
        """Writes messages and statuses as the text of one block, stamped with the present time."""
        return to_json({"timestamp": now(), "messages": list(messages), "statuses": list(statuses)})

    def seal(self, events: bytes) -> bytes:
        """Signs a block and puts the very same bytes into the body of a request.

        Parts are joined by hand here: to give the text to a JSON library once more would write it anew.
        """
        sign, algorithm = to_json(self._sign(events)), to_json(self._algorithm)
        return b'{"outgoingEvents":' + events + b',"sign":' + sign + b',"signAlg":' + algorithm + b"}"

    def post(self, sealed: bytes) -> Json:
        """Posts a sealed block and gives its verified result. The block is applied as a whole or not at all.

        Without an answer (no connection, a time-out, 5xx) nobody knows whether it was applied: post the same
        bytes again, which never applies it twice. After five minutes the block is too old (409): write a new
        one with the same clientHashes, which gives the first messageIDs.
        """
        return self._verified(self.call("POST", "/messages", sealed), "outgoingEventsResult")

    # --- receiving

    def participants(self, chat: str) -> dict[str, str]:
        """The GUIDs of a chat's participants by userID: to address somebody, and to know who has written."""
        answer = json.loads(self.call("GET", f"/chats/{chat}/users"))
        return {user["userID"]: user["GUID"] for user in answer["chat"]["users"]}

    def receive(self) -> Incoming:
        """Fetches and verifies everything that waits. It waits until it is acknowledged.

        What was fetched and not acknowledged comes again: know it by its messageID.
        """
        incoming, more = Incoming(), None
        while True:
            timestamp = now()
            # `urlencode` matters: a bare + of the base64 would arrive as a space.
            sign = self._sign(timestamp.encode())
            query = {"timestamp": timestamp, "sign": sign, "signAlg": self._algorithm}
            if more is not None:
                query["next"] = more
            answer = self.call("GET", f"/messages?{urllib.parse.urlencode(query)}")
            events = self._verified(answer, "incomingEvents")
            # An old answer that somebody plays again has a good signature, and an old time.
            if abs(int(events["timestamp"]) - int(now())) > FIVE_MINUTES:
                raise Failure("The answer is old, or the clock of this machine is wrong")
            incoming.messages += events["messages"]
            incoming.statuses += events["statuses"]
            incoming.info += events["info"]
            more = events["next"]
            if more is None:
                return incoming

    def acknowledge(self, ids: Iterable[str], status: str) -> None:
        """Posts "delivered" or "read" for messageIDs.

        They leave the queue, and the sender of a message is told. "read" may follow "delivered".
        """
        statuses = [{"messageID": one, "messageStatus": status} for one in ids]
        for start in range(0, len(statuses), BLOCK):
            self.post(self.seal(self.write(statuses=statuses[start : start + BLOCK])))

    # --- signatures

    def _sign(self, data: bytes) -> str:
        signature = self.private_key.sign(data, PADDINGS[self._algorithm], hashes.SHA256())
        return base64.b64encode(signature).decode()

    def _verified(self, body: bytes, name: str) -> Json:
        """A signed value of an answer. It is read from the verified bytes, not from the body a second time.

        The server answers in the algorithm and the encoding of the request: here, ours and base64.
        """
        value = raw_member(body, name)
        try:
            signature = base64.b64decode(json.loads(raw_member(body, "sign")), validate=True)
        except ValueError:
            raise Failure("The server's signature is not base64") from None
        self._server.verify(value, signature, self._algorithm)
        read: Json = json.loads(value)
        return read


# ------------------------------------------------------------------------------------------ Ann writes to Bob


def expect(condition: bool, otherwise: str) -> None:
    """Raises unless the condition holds."""
    if not condition:
        raise Failure(otherwise)


def play(api: str, backend_key: str, algorithm: str) -> None:
    """The whole story, one printed line per step."""
    # Names that no other run has: creating a user who exists would give it a new key.
    run = uuid.uuid4().hex
    chat = f"example-{run}"
    backend = Backend(api, backend_key)
    ann = Client(api, f"ann-{run}", "Ann", algorithm)
    bob = Client(api, f"bob-{run}", "Bob", algorithm)

    tokens = backend.create_users([ann.registration(), bob.registration()])
    ann.tokens, bob.tokens = tokens[ann.user_id], tokens[bob.user_id]
    print("The backend has created Ann and Bob, and they have their tokens.")

    ann_guid, bob_guid = backend.seat(chat, [ann.user_id, bob.user_id], "An example")
    seats = {ann.user_id: ann_guid, bob.user_id: bob_guid}
    expect(ann.participants(chat) == seats, "Ann does not see herself and Bob in the chat")
    print("The backend has seated them in a chat, and Ann sees who is in it.")

    # Keep a sealed block until it is answered: these bytes are what a retry sends.
    texts = ["Bob, this is for you.", "And this is for all: 1 < 2, naïve, 😀"]
    messages = [message(chat, texts[0], recipient=bob_guid), message(chat, texts[1])]
    sealed = ann.seal(ann.write(messages))
    results = ann.post(sealed)["messages"]
    asked, answered = ([one["clientHash"] for one in ones] for ones in (messages, results))
    expect(answered == asked, "The result is not about what Ann sent")
    sent = [one["messageID"] for one in results]
    expect(len(set(sent)) == 2, "Two messages have not got two messageIDs")
    print("Ann has sent two messages, one to Bob and one to all, and verified the server's result.")

    expect(ann.post(sealed)["messages"] == results, "The same block again has got another result")
    print("Ann has sent the same block again, as after a lost answer: the messageIDs are the same.")

    later = ann.seal(ann.write(messages))
    expect(ann.post(later)["messages"] == results, "The same clientHash has got another result")
    print("Ann has sent the same messages in a new block: the messageIDs are the same.")

    inbox = bob.receive()
    received = [(one["messageID"], one["messageText"]) for one in inbox.messages]
    expect(received == list(zip(sent, texts)), f"Bob has not received each message once: {received}")
    for one in inbox.messages:
        expect(one["chatID"] == chat, "A message is not in this chat")
        expect(one["sender"] == ann_guid, "A message is not from Ann")
        expect(one["recipientList"] == [bob_guid], "A message is not to Bob alone")
    entered = [(one["subType"], set(one["messageGUIDList"])) for one in inbox.info]
    expect(entered == [("chat_enter", {ann_guid, bob_guid})], "Bob was not told who entered the chat")
    print("Bob has received and verified both, and the info that the two of them entered the chat.")

    bob.acknowledge(inbox.ids(), "delivered")
    expect(bob.receive().ids() == [], "Bob has acknowledged everything, and his queue is not empty")
    print("Bob has acknowledged all of it as delivered. His queue is empty.")

    bob.acknowledge(sent, "read")
    print("Bob has acknowledged both messages as read.")

    inbox = ann.receive()
    seen = sorted((one["messageIDStatus"], one["type"], one["recipient"]) for one in inbox.statuses)
    due = sorted((one, status, bob_guid) for one in sent for status in ("delivered", "read"))
    expect(seen == due, f"Ann has not seen each status of each message once: {seen}")
    ann.acknowledge(inbox.ids(), "delivered")
    expect(ann.receive().ids() == [], "Ann has acknowledged everything, and her queue is not empty")
    print("Ann has seen that both were delivered and read, and acknowledged it. Her queue is empty.")

    # As after an hour.
    bob.tokens = Tokens(access="expired", refresh=bob.tokens.refresh)
    before = bob.tokens
    bob.receive()
    expect(before.access != bob.tokens.access, "Bob's access token is still the one that was refused")
    expect(before.refresh != bob.tokens.refresh, "Bob has got the used refresh token again")
    print("Bob's access token was refused, and he has refreshed it.")

    backend.close(chat)
    for user in (ann, bob):
        inbox = user.receive()
        left = [(one["subType"], set(one["messageGUIDList"])) for one in inbox.info]
        expect(
            left == [("chat_leave", {ann_guid, bob_guid})], f"{user.user_id} was not told of the chat's end"
        )
        user.acknowledge(inbox.ids(), "delivered")
        expect(user.receive().ids() == [], f"The queue of {user.user_id} is not empty at the end")
    print("The backend has closed the chat. Both were told, and their queues are empty.")

    print(f"Everything was as expected, signed with {algorithm}.")


def main() -> int:
    """Reads the command line, plays, and gives the exit code."""
    parser = argparse.ArgumentParser(description="Plays two users of signed messaging and checks every step.")
    parser.add_argument("--api", required=True, metavar="URL", help="the root of the API")
    parser.add_argument("--backend-key", required=True, metavar="KEY", help="the operator's key")
    parser.add_argument(
        "--algorithm", choices=sorted(PADDINGS), default="RS256", help="how to sign (%(default)s)"
    )
    arguments = parser.parse_args()
    try:
        play(arguments.api.rstrip("/"), arguments.backend_key, arguments.algorithm)
    except Failure as error:
        print(f"Failed: {error}", file=sys.stderr)
    except (OSError, http.client.HTTPException) as error:
        print(f"Failed: no answer from the API: {error}", file=sys.stderr)
    except (KeyError, TypeError, ValueError) as error:
        print(f"Failed: an answer is not of the form that it must have: {error!r}", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
